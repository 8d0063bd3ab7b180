"""Models built from whole configs."""
from __future__ import annotations

from typing import Any

import torch
from mmengine.config import Config
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS
from torch.overrides import TorchFunctionMode


def build_model(cfg: Config) -> ImageClassifier:
    """Build the model of a config with its data preprocessor, as the Runner does."""
    return MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor))


def build_on_meta(cfg: Config) -> ImageClassifier:
    """Build the same model with parameters on the meta device: names and shapes without memory or random values.

    ``load_state_dict(weights, assign=True)`` makes it a usable model.
    """
    with _EmptyOnMeta():
        return build_model(cfg)


class _EmptyOnMeta(TorchFunctionMode):
    """Only ``torch.empty`` uses the meta device: constructors read the values of small tensors (drop path rates)."""

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        device = dict(device='meta') if func is torch.empty else {}
        return func(*args, **{**(kwargs or {}), **device})
