"""Suffixes, channels and values of images."""
from __future__ import annotations

import cv2
import numpy as np

SUFFIXES = ('.png', '.jpg', '.jpeg', '.jpe', '.jif', '.jfif', '.webp', '.bmp', '.dib', '.tif', '.tiff', '.gif', '.pgm',
            '.ppm', '.pbm', '.pnm', '.jp2', '.j2k', '.jxl', '.avif', '.heic', '.heif', '.tga', '.ico', '.exr', '.hdr')


def to_three_channels(image: np.ndarray) -> np.ndarray:
    """Repeat the channel of a grey image, (H, W) or (H, W, 1); (H, W, 3) is not changed."""
    if image.ndim == 2 or image.shape[-1] == 1:
        return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    return image


def to_grey(image: np.ndarray) -> np.ndarray:
    """Convert an image (H, W, 3), BGR, or (H, W, 1) to (H, W); (H, W) is not changed. float64 becomes float32."""
    if image.ndim == 2:
        return image
    if image.shape[2] == 1:
        return image[..., 0]
    # OpenCV does not convert float64.
    return cv2.cvtColor(image.astype(np.float32) if image.dtype == np.float64 else image, cv2.COLOR_BGR2GRAY)


def to_levels(image: np.ndarray) -> np.ndarray:
    """Bring an image of any type to values of 0 to 255; uint8, and floats above 2, are not changed.

    The range follows from the type and the largest value: floats up to 1 have 0 to 1, and integers with a value in the
    upper half of 0 to 65535 have all of that; both become uint8.

    Raises:
        ValueError: the range is not clear: floats from 1 to 2 or above 255, negative or infinite numbers, NaN, integers
            above 65535 or whose largest one is from 256 to 32767 (of 10 to 15 bits, or dark), values that are no
            numbers.
    """
    if image.dtype == np.uint8 or not image.size:
        return image
    if image.dtype.kind not in 'uif':
        raise ValueError(f'an image has values of type {image.dtype}, expected integers or floats')
    low, high = float(image.min()), float(image.max())
    is_float = image.dtype.kind == 'f'
    unclear = 1 < high < 2 if is_float else 255 < high < 32768
    if unclear or not (low >= 0 and high <= (255 if is_float else 65535)):  # NaN is out of range
        raise ValueError(f'an image of type {image.dtype} has values from {low:g} to {high:g}, expected 0 to 255, '
                         'floats also 0 to 1, integers also 0 to 65535 with values above 32767')
    if is_float and high > 1:
        return image
    scale = 255 if is_float else 1 if high <= 255 else 255 / 65535
    return np.rint(image.astype(np.float64) * scale).astype(np.uint8)
