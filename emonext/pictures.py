"""Reading pictures as upright RGB arrays."""
from __future__ import annotations

import io
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from emonext.errors import EmonextError
from emonext.files import check_file

MAX_PIXELS = 100_000_000
# Pillow's formats of photographs. Others are not tried, because they run programs (EPS) or are hardly tested.
FORMATS = ['JPEG', 'PNG', 'GIF', 'BMP', 'PPM', 'TIFF', 'WEBP', 'JPEG2000',
           *(['AVIF'] if find_spec('PIL.AvifImagePlugin') else [])]
_LOCK = Lock()


def read_picture(source: str | Path | bytes | Image.Image, name: str, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a file, its bytes or an open image as (H, W, 3) uint8, upright by its EXIF orientation.

    Of an animated picture the first frame is read.

    Args:
        name: of the picture, for messages.
        max_pixels: largest number of pixels.

    Raises:
        EmonextError: the file is missing or no picture, is damaged, or has too many pixels.
    """
    try:
        if isinstance(source, Image.Image):
            return _to_rgb(source, name, max_pixels)
        if isinstance(source, bytes):
            source = io.BytesIO(source)
        else:
            check_file(source, name)
        with open_image(source) as image:
            return _to_rgb(image, name, max_pixels)
    except EmonextError:
        raise
    except UnidentifiedImageError:
        raise EmonextError(f'{name}: no picture that can be read') from None
    except Exception as error:  # Pillow's decoders raise errors of any class for damaged files
        raise EmonextError(f'{name}: damaged or not supported ({error or type(error).__name__})') from error


def open_image(source: str | Path | io.BytesIO) -> Image.Image:
    """Open an image without Pillow's own limit of pixels, which is one for all threads."""
    with _LOCK:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(source, formats=FORMATS)  # reads the header
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _to_rgb(image: Image.Image, name: str, max_pixels: int) -> np.ndarray:
    width, height = image.size
    if width * height > max_pixels:
        raise EmonextError(f'{name}: {width} x {height} px, more than {max_pixels:,} pixels; raise the limit '
                           '(max_pixels, --max-pixels)')
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(('I', 'F')):  # 16 or 32 bit grey, which Pillow would clip to 255
        return to_pixels(np.asarray(image), name)
    if image.mode in ('RGBA', 'LA', 'PA') or 'transparency' in image.info:
        image = image.convert('RGBA')
        image = Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
    return np.asarray(image.convert('RGB'))


def to_pixels(array: Any, name: str) -> np.ndarray:
    """Convert an array to (H, W, 3) uint8.

    Args:
        array: RGB (H, W, 3); RGBA (H, W, 4), whose alpha is dropped; or grey, (H, W) or (H, W, 1). The range of the
            values follows from the type and the largest value: floats up to 1 have 0 to 1, integers with a value in
            the upper half of 0 to 65535 have all of that, and others up to 255 have 0 to 255. The rest is refused, such
            as integers up to 4095: they have 12 bits, or are dark.
        name: of the picture, for messages.

    Raises:
        EmonextError: another shape, type or range.
    """
    array = np.asarray(array)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise EmonextError(f'{name}: shape {array.shape}, expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)')
    array = _to_bytes(array[..., :3], name)
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))


def _to_bytes(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in 'uif':
        raise EmonextError(f'{name}: values of type {array.dtype}, expected integers or floats')
    low, high = float(array.min()), float(array.max())
    is_float = array.dtype.kind == 'f'
    unclear = 1 < high < 2 if is_float else 255 < high < 32768
    if unclear or not (low >= 0 and high <= (255 if is_float else 65535)):  # not a number is out of range too
        raise EmonextError(f'{name}: values of type {array.dtype} from {low:g} to {high:g}, expected 0 to 255, floats '
                           'also 0 to 1, integers also 0 to 65535 with values above 32767')
    scale = (255 if high <= 1 else 1) if is_float else 1 if high <= 255 else 255 / 65535
    return np.rint(array.astype(np.float32) * scale).astype(np.uint8)
