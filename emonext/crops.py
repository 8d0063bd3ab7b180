"""Square crops of faces."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from emonext.boxes import Box


def crop_face(picture: np.ndarray, box: Box, size: int, channels: int = 1, part: float = 1.0) -> np.ndarray:
    """Cut out a region and resize it: by the mean of areas where it shrinks, bilinearly where it grows.

    The border is repeated where the region leaves the picture.

    Args:
        picture: (H, W, 3) uint8.
        box: region, in pixels.
        size: side of the result in pixels.
        channels: 1 for grey (ITU-R 601), 3 for RGB.
        part: of the region's sides that is shown, around its centre.

    Returns:
        (channels, size, size) uint8.
    """
    rows, columns = (_indices(low, high, part, length)
                     for low, high, length in zip(box[1::-1], box[:1:-1], picture.shape[:2]))
    region = picture[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    if len(region) != len(rows) or region.shape[1] != len(columns):  # beyond the border
        region = picture[rows][:, columns]
    image = Image.fromarray(region)
    image = image if channels == 3 else image.convert('L')
    shrinks = min(image.size) >= size
    face = np.asarray(image.resize((size, size), Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR))
    return face[None] if channels == 1 else np.ascontiguousarray(face.transpose(2, 0, 1))


def crop_faces(picture: np.ndarray, boxes: Sequence[Box], size: int, channels: int, part: float) -> np.ndarray:
    """:func:`crop_face` of each box, (N, channels, size, size) uint8."""
    faces = [crop_face(picture, box, size, channels, part) for box in boxes]
    return np.stack(faces) if faces else np.empty((0, channels, size, size), np.uint8)


def _indices(low: float, high: float, part: float, length: int) -> np.ndarray:
    """Rows or columns of a region, those beyond the border replaced by the border."""
    middle, side = (low + high) / 2, max(1, round((high - low) * part))
    start = round(middle - side / 2)
    return np.arange(start, start + side).clip(0, length - 1)
