"""The model of a config, and the model inside of its wrappers."""
from __future__ import annotations

from mmengine.config import Config
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmpretrain.models import ImageClassifier, build_classifier
from torch import nn


def build_model(cfg: Config) -> ImageClassifier:
    """Build the model of a config with its data preprocessor, as the Runner does: one in ``model`` goes first."""
    return build_classifier({'data_preprocessor': cfg.get('data_preprocessor'), **cfg.model})


def unwrap(model: nn.Module) -> nn.Module:
    """Return the model inside of wrappers for several processes or several views; a model without one itself."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model
