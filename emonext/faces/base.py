"""The interface of a detector."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from emonext.boxes import Box


@dataclass(frozen=True)
class Detection:
    """A face in a picture.

    Attributes:
        box: left, top, right, bottom in pixels.
        score: the detector's, 0 to 1; None without a detector.
        detected: whether a detector found the face.
    """

    box: Box
    score: float | None = None
    detected: bool = True


# Finds the faces of a picture (H, W, 3) uint8, which has the given name.
Finder = Callable[[np.ndarray, str], list[Detection]]


def shrink(picture: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Shrink a picture by the mean of areas until its longer side has at most ``side`` pixels.

    Returns:
        The picture, and the factor from its coordinates to those of the original.
    """
    height, width = picture.shape[:2]
    factor = max(height, width) / side
    if factor <= 1:
        return picture, 1.0
    size = max(1, round(width / factor)), max(1, round(height / factor))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX, reducing_gap=2.0)), factor
