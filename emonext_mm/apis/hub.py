"""Our configs by name, in the host's hub: ``mmpretrain.get_model('emonext-tiny_fer2013')``."""
from __future__ import annotations

from pathlib import Path

from mmpretrain.apis import ModelHub

PACKAGE = Path(__file__).parents[1]


def find_root() -> Path | None:
    """The folder of ``model-index.yml``, ``configs`` and ``tools``: .mim in an installed package, else a checkout's."""
    return next((root for root in (PACKAGE / '.mim', PACKAGE.parent) if (root / 'model-index.yml').is_file()), None)


def register_models() -> None:
    """Make the models of ``model-index.yml`` known to ``list_models``, ``get_model`` and the inferencers.

    Once more, it changes nothing. None of the models has weights: of those that train here, give the checkpoint,
    ``get_model(name, pretrained='work_dirs/...')``.
    """
    root = find_root()
    if root is not None and not ModelHub.has('emonext-tiny_fer2013'):
        ModelHub.register_model_index(root / 'model-index.yml', config_prefix=root)
