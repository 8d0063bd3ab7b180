"""Models built from whole configs."""
from __future__ import annotations

from typing import Any

import torch
from mmengine.config import Config
from mmpretrain.models import ImageClassifier
from torch.overrides import TorchFunctionMode

from emonext_mm.utils.models import build_model


def count_parameters(module: torch.nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def in_evaluation(module: torch.nn.Module) -> torch.nn.Module:
    """Return the module itself, in evaluation mode: ``eval()`` of MMPretrain's ResNet and VGG returns None."""
    module.eval()
    return module


def build_on_meta(cfg: Config) -> ImageClassifier:
    """Build the model of a config with parameters on the meta device: names and shapes without memory or random values.

    ``load_state_dict(weights, assign=True)`` makes it a usable model.
    """
    with _EmptyOnMeta():
        return build_model(cfg)


class _EmptyOnMeta(TorchFunctionMode):
    """Only ``torch.empty`` uses the meta device: constructors read the values of small tensors (drop path rates)."""

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        device = dict(device='meta') if func is torch.empty else {}
        return func(*args, **{**(kwargs or {}), **device})
