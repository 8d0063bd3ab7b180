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
    """Build the same model on the meta device: names and shapes alone, an xlarge model in no time."""
    with _EmptyOnMeta():
        return build_model(cfg).to('meta')


class _EmptyOnMeta(TorchFunctionMode):
    """Allocate no memory for parameters; constructors that read small tensors (drop path rates, mean) still can."""

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        device = dict(device='meta') if func is torch.empty else {}
        return func(*args, **{**(kwargs or {}), **device})
