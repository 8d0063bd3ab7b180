"""Our configs by name in MMPretrain's model hub: ``mmpretrain.get_model('emonext-tiny_fer2013')``."""
from __future__ import annotations

from pathlib import Path

from mmpretrain.apis import ModelHub

PACKAGE = Path(__file__).parents[1]


def find_root() -> Path | None:
    """Folder of ``model-index.yml``, ``configs`` and ``tools``: ``.mim`` in a wheel, the checkout otherwise."""
    return next((root for root in (PACKAGE / '.mim', PACKAGE.parent) if (root / 'model-index.yml').is_file()), None)


def register_models() -> None:
    """Register the models of ``model-index.yml`` for ``list_models``, ``get_model`` and MMPretrain's inferencers.

    The import of ``emonext_mm`` calls this; a second call changes nothing. The models come without weights: give a
    checkpoint of your own training, ``get_model(name, pretrained='work_dirs/...')``.
    """
    root = find_root()
    if root is not None and not ModelHub.has('emonext-tiny_fer2013'):
        ModelHub.register_model_index(root / 'model-index.yml', config_prefix=root)
