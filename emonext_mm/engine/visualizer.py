"""Visualizer for grey images and finite numbers."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmpretrain.registry import VISUALIZERS
from mmpretrain.visualization import UniversalVisualizer

from emonext_mm.utils.images import to_three_channels


@VISUALIZERS.register_module()
class GreyVisualizer(UniversalVisualizer):
    """``UniversalVisualizer`` that draws one-channel images in grey, and records finite numbers alone.

    MMPretrain passes such an image to matplotlib unchanged, which maps grey values to colours.
    """

    def set_image(self, image: np.ndarray) -> None:
        """Set the image to draw on, (H, W), (H, W, 1) or (H, W, 3), uint8."""
        super().set_image(to_three_channels(image))

    def add_scalar(self, name: str, value: Any, step: int = 0) -> None:
        """Record a number; one that is not finite is left out, since JSON has none."""
        if _is_finite(value):
            super().add_scalar(name, value, step)

    def add_scalars(self, scalar_dict: dict, step: int = 0, file_path: str | None = None) -> None:
        """Record the numbers of a step without those that are not finite; nothing of a step without a finite loss."""
        finite = {name: value for name, value in scalar_dict.items() if _is_finite(value)}
        if ('loss' in finite) == ('loss' in scalar_dict):
            super().add_scalars(finite, step, file_path)


def _is_finite(value: Any) -> bool:
    return bool(torch.as_tensor(value).isfinite().all())
