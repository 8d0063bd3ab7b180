"""Visualizer for grey images."""
from __future__ import annotations

import numpy as np
from mmpretrain.registry import VISUALIZERS
from mmpretrain.visualization import UniversalVisualizer


@VISUALIZERS.register_module()
class GreyVisualizer(UniversalVisualizer):
    """``UniversalVisualizer`` that draws one-channel images in grey.

    MMPretrain passes such an image to matplotlib unchanged, which maps grey values to colours.
    """

    def set_image(self, image: np.ndarray) -> None:
        """Set the image to draw on, (H, W), (H, W, 1) or (H, W, 3), uint8."""
        if image.ndim == 2 or image.shape[-1] == 1:
            image = np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
        super().set_image(image)
