"""Pictures that are faces."""
from __future__ import annotations

import numpy as np

from emonext.faces.base import Detection, Finder

LARGEST = 112  # px of the longer side of a picture that may be a face, as in FER2013 (48) and RAF-DB (100)
LONGEST = 1.5  # times its shorter side


def whole_picture(picture: np.ndarray, name: str = '') -> list[Detection]:
    """The largest square in the middle of the picture."""
    height, width = picture.shape[:2]
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    return [Detection((left, top, left + side, top + side), None, False)]


class WholeIfSmall:
    """Faces by a detector; where it finds none, a picture of about a face's size is taken as a face."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder

    def __call__(self, picture: np.ndarray, name: str = '') -> list[Detection]:
        """Faces of a picture (H, W, 3) uint8 RGB."""
        found = self.finder(picture, name)
        small, large = sorted(picture.shape[:2])
        is_face = large <= LARGEST and large <= LONGEST * small
        return found or (whole_picture(picture) if is_face else [])
