"""Changes of stored faces under which a model is tested: crop, rotation, brightness, blur, JPEG, resolution.

Convention: faces are (N, H, W) grey uint8, and so is the result of each change. Pixel i of a row covers [i, i + 1] and
its centre is at i + 1/2. Outside the image the pixels of the border are repeated. Values are rounded to the nearest.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

Change = Callable[[np.ndarray], np.ndarray]


def crop(faces: np.ndarray, side: float = 1.0, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    """Crop faces tighter or wider than stored, and resize them to their size.

    A wider crop is shrunk by averages over areas (as OpenCV's ``INTER_AREA``, but also for fractions of a pixel); any
    other is interpolated bilinearly.

    Args:
        side: side of the crop as a multiple of the stored side.
        x, y: shift of the crop's centre to the right and down, as a multiple of the stored side.

    Raises:
        ValueError: ``side`` is not positive.
    """
    if not side > 0:
        raise ValueError(f'side must be positive, got {side}')
    height, width = faces.shape[1:]
    return _resample(faces, _crop_weights(height, side, y), _crop_weights(width, side, x))


def shift(faces: np.ndarray, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    """Shift faces to the right and down, by pixels, by bilinear interpolation."""
    height, width = faces.shape[1:]
    return crop(faces, x=-x / width, y=-y / height)


def rotate(faces: np.ndarray, degrees: float) -> np.ndarray:
    """Rotate faces about their centre, counter-clockwise for positive angles, by bilinear interpolation."""
    height, width = faces.shape[1:]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return _each(faces, lambda face: cv2.warpAffine(face, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))


def brighten(faces: np.ndarray, factor: float) -> np.ndarray:
    """Multiply the grey values by a factor and limit them to 255."""
    return np.rint(np.minimum(faces * np.float32(factor), 255)).astype(np.uint8)


def blur(faces: np.ndarray, sigma: float) -> np.ndarray:
    """Blur by a Gaussian of standard deviation ``sigma`` in pixels."""
    return _each(faces, lambda face: cv2.GaussianBlur(face, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def compress(faces: np.ndarray, quality: int) -> np.ndarray:
    """Compress by JPEG with a quality from 0 to 100, and decompress."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return _each(faces, lambda face: cv2.imdecode(cv2.imencode('.jpg', face, flags)[1], cv2.IMREAD_GRAYSCALE))


def coarsen(faces: np.ndarray, pixels: int) -> np.ndarray:
    """Shrink faces to a side of ``pixels`` by averages over areas, and enlarge them bilinearly to their size."""
    height, width = faces.shape[1:]
    small = _resample(faces, _weights(height, 0, height, pixels), _weights(width, 0, width, pixels))
    return _resample(small, _weights(pixels, 0, pixels, height), _weights(pixels, 0, pixels, width))


SIDES = (0.70, 0.80, 0.90, 0.95, 1.00, 1.05, 1.10, 1.20, 1.30, 1.40)
MOVES = (-0.15, -0.08, 0.08, 0.15)
AXES = {'x': (1, 0), 'y': (0, 1), 'x and y': (1, 1)}

# Group -> name -> change, in the order of a report.
CONDITIONS: dict[str, dict[str, Change]] = {
    'crop side': {f'crop side {side:.2f}': partial(crop, side=side) for side in SIDES},
    'centre': {f'centre {move:+.2f} {axes}': partial(crop, x=move * x, y=move * y)
               for axes, (x, y) in AXES.items() for move in MOVES},
    'rotation': {f'rotation {degrees:+d} degrees': partial(rotate, degrees=degrees) for degrees in (-15, 15)},
    'brightness': {f'brightness x {factor}': partial(brighten, factor=factor) for factor in (0.6, 1.4)},
    'blur': {f'blur {sigma} px': partial(blur, sigma=sigma) for sigma in (1, 2)},
    'JPEG': {f'JPEG quality {quality}': partial(compress, quality=quality) for quality in (30, 10)},
    'resolution': {'24 px enlarged': partial(coarsen, pixels=24)},
}
UNCHANGED = 'crop side 1.00'

# The conditions over which a goal counts the largest loss of accuracy.
GOALS = {
    'crop side 0.90 to 1.20': tuple(f'crop side {side:.2f}' for side in SIDES if 0.90 <= side <= 1.20),
    'centre moved by 0.08': tuple(f'centre {move:+.2f} {axes}' for axes in AXES for move in MOVES if abs(move) == 0.08),
}

# Curve -> value on its axis -> change: faces that are aligned worse and worse.
CURVES: dict[str, dict[float, Change]] = {
    'counter-clockwise rotation in degrees': {
        degrees: partial(rotate, degrees=degrees) for degrees in range(-30, 31, 10)},
    'scale': {scale: partial(crop, side=1 / scale) for scale in (0.8, 0.9, 1.0, 1.1, 1.25)},
    'shift to the right in px': {pixels: partial(shift, x=pixels) for pixels in range(-6, 7, 2)},
    'shift down in px': {pixels: partial(shift, y=pixels) for pixels in range(-6, 7, 2)},
}


def _each(faces: np.ndarray, change: Change) -> np.ndarray:
    return np.stack([change(face) for face in faces])


def _crop_weights(size: int, side: float, move: float) -> np.ndarray:
    start = size * (0.5 + move - side / 2)
    return _weights(size, start, start + size * side, size)


def _weights(size: int, start: float, stop: float, count: int) -> np.ndarray:
    """Weight of each of ``size`` pixels in ``count`` equal cells from ``start`` to ``stop``, (count, size).

    Each row sums to 1.
    """
    edges, pixels = np.linspace(start, stop, count + 1)[:, None], np.arange(size)
    if stop - start > count:  # shrunk: the overlap of cell and pixel; pixels of the border extend without end
        lower, upper = pixels.astype(float), pixels + 1.0
        lower[0], upper[-1] = -np.inf, np.inf
        return np.diff(edges.clip(lower, upper), axis=0) * count / (stop - start)
    centres = (edges[:-1] + edges[1:] - 1) / 2
    return np.maximum(0, 1 - abs(centres.clip(0, size - 1) - pixels))


def _resample(faces: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.rint(rows @ faces @ columns.T).astype(np.uint8)
