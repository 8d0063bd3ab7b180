"""A face in an image file, read within bounds."""
from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import cv2
import numpy as np
from PIL import Image

from emonext_mm.utils.files import check_regular
from emonext_mm.utils.images import to_levels

MAX_BYTES = 2**26  # of a file
MAX_PIXELS = 2**24  # 4096 x 4096


def read_image(path: str) -> np.ndarray:
    """Read a square image as grey, (S, S) uint8. Other types: see :func:`~emonext_mm.utils.images.to_levels`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no regular file, no image, too large (``MAX_BYTES``, ``MAX_PIXELS``) or not square, or the
            range of its values is not clear.
    """
    check_regular(path)
    if os.path.getsize(path) > MAX_BYTES:
        raise ValueError(f'{path}: more than {MAX_BYTES:,} bytes')
    data = np.fromfile(path, np.uint8)
    _check_shape(path, data)
    try:
        image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)  # else 16 bits lose the lower ones
    except cv2.error:
        image = None
    if image is None:
        raise ValueError(f'{path}: not an image that can be decoded')
    try:
        return cv2.convertScaleAbs(to_levels(image))  # rounds what are still floats
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None


def resize(image: np.ndarray, side: int) -> np.ndarray:
    """Bring a square image to another size, (side, side) uint8: by the mean of areas, or between pixels if it grows."""
    if len(image) == side:
        return image
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if len(image) > side else cv2.INTER_LINEAR)


def resize_all(images: np.ndarray, side: int) -> np.ndarray:
    """Bring square images (N, S, S) to another size, (N, side, side) uint8; the same array if they have it."""
    return images if images.shape[1] == side else np.stack([resize(image, side) for image in images])


@contextmanager
def image_pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that read images. The decoder releases the interpreter lock."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', Image.DecompressionBombWarning)  # such images are refused
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            yield pool


def _check_shape(path: str, data: np.ndarray) -> None:
    """Refuse by its header an image that is too large, before OpenCV would take the memory for its pixels."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
    except Image.DecompressionBombError:
        width = height = np.inf
    except Exception:  # on a damaged header Pillow raises almost anything
        raise ValueError(f'{path}: not an image that can be decoded') from None
    if width * height > MAX_PIXELS:
        raise ValueError(f'{path}: {width}x{height} pixels, more than {MAX_PIXELS:,}')
    if width != height:
        raise ValueError(f'{path}: {width}x{height} pixels, expected a square')
