"""Our configs by name in MMPretrain's model hub: ``mmpretrain.get_model('emonext-tiny_fer2013')``."""
from __future__ import annotations

from pathlib import Path

from mmpretrain.apis import ModelHub
from modelindex.models.Model import Model

from emonext_mm.models.weights.packaged import FOLDER
from emonext_mm.utils.installation import find_root


def register_models() -> None:
    """Register the models of ``model-index.yml`` for ``list_models``, ``get_model`` and MMPretrain's inferencers.

    The import of ``emonext_mm`` calls this; a second call changes nothing. Models whose entry has ``Weights`` come with
    a trained model in this package, which ``get_model(name, pretrained=True)`` loads. For the others, give a checkpoint
    of your own training, ``get_model(name, pretrained='work_dirs/...')``.
    """
    root = find_root()
    if root is None or ModelHub.has('emonext-tiny_fer2013'):
        return
    ModelHub.register_model_index(root / 'model-index.yml', config_prefix=root)
    for model in _own_models():
        if model.weights:
            model.weights = str(FOLDER / model.weights)


def find_weights(config: str | Path) -> Path:
    """File of the trained model that this package has for a config file, or for a copy of it.

    Raises:
        OSError: the config cannot be read.
        ValueError: there is none; the message names the configs that have one.
    """
    name, content = Path(config).name, Path(config).read_bytes()
    models = {Path(model.config): model.weights for model in _own_models() if model.weights}
    for path, weights in models.items():
        if path.name == name and path.read_bytes() == content:
            return Path(weights)
    configs = ', '.join(map(str, models)) or 'none'
    raise ValueError(f'{config} has no trained model in this package; these configs have one: {configs}')


def _own_models() -> list[Model]:
    metafile = find_root() / 'configs' / 'metafile.yml'
    return [model for model in ModelHub._models_dict.values() if Path(model.filepath) == metafile]
