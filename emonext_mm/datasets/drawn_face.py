"""Drawn faces that show one of the seven emotions of FER2013.

Each face is drawn by OpenCV on a canvas ``_SUPERSAMPLING`` times finer than the 48x48 image, then posed (shifted,
scaled, rotated) and reduced by one warp. The expression moves brows, lids and mouth; everything else (shape of the
head, skin, hair, light, glasses, hands in front) is nuisance.

Convention: face units, x to the right and y down, the centre of the face at (0, 0), the chin at y = 1.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from emonext_mm.datasets.expressions import EXPRESSIONS, Expression
from emonext_mm.datasets.readers.face_table import SIZE
from emonext_mm.emotions import CLASSES

_SUPERSAMPLING = 2
_CANVAS = SIZE * _SUPERSAMPLING
_UNIT = 20 * _SUPERSAMPLING  # canvas pixels in one face unit
_SUBPIXEL_BITS = 4  # OpenCV's fixed-point coordinates
_ARC = np.linspace(0, 2 * np.pi, 24, endpoint=False)
_CIRCLE = np.stack([np.cos(_ARC), np.sin(_ARC)], 1)
_SPAN = np.linspace(-1, 1, 11)  # runs along a brow, a lid, a lip


class _Chance:
    """Random numbers from ``rng`` that approach those of the ordinary face as ``amount`` goes from 1 to 0."""

    def __init__(self, rng: np.random.Generator, amount: float) -> None:
        self.rng = rng
        self.amount = amount

    def around(self, centre: float, spread: float) -> float:
        return centre + self.amount * spread * self.rng.uniform(-1, 1)

    def event(self, probability: float) -> bool:
        return self.rng.random() < self.amount * probability


class _Canvas:
    """A grey image to draw on in face units; turning the head (yaw, pitch) bends the units."""

    def __init__(self, tone: float, yaw: float, pitch: float) -> None:
        self.pixels = np.full((_CANVAS, _CANVAS), tone, np.uint8)
        self.turn = np.array([yaw, pitch])

    def _fixed_point(self, points: np.ndarray) -> np.ndarray:
        # The middle of the face moves, its outline does not, as on a ball that turns.
        bent = points + self.turn * (1 - points * points)
        return (bent * (_UNIT << _SUBPIXEL_BITS) + (_CANVAS << _SUBPIXEL_BITS) / 2).astype(np.int32)

    def fill(self, points: np.ndarray, tone: float) -> None:
        cv2.fillPoly(self.pixels, [self._fixed_point(points)], int(tone), cv2.LINE_AA, _SUBPIXEL_BITS)

    def disc(self, centre: tuple[float, float], radii: tuple[float, float], tone: float) -> None:
        self.fill(np.array(centre) + _CIRCLE * radii, tone)

    def stroke(self, points: np.ndarray, tone: float, width: float, closed: bool = False) -> None:
        thickness = max(1, round(width * _UNIT))
        lines = [self._fixed_point(points)]
        cv2.polylines(self.pixels, lines, closed, int(tone), thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _curve(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.array((x, y)).T


class _Tones(NamedTuple):
    skin: float
    shade: float  # folds, nose, lids
    dark: float  # pupils, the open mouth
    lips: float
    white: float  # of the eyes and teeth
    hair: float
    brow: float


def _draw_tones(chance: _Chance) -> _Tones:
    skin = chance.around(165, 65)
    hair = 0.8 * skin if chance.event(0.2) else chance.around(60, 60)
    return _Tones(
        skin=skin,
        shade=0.66 * skin,
        dark=0.2 * skin,
        lips=0.62 * skin,
        white=min(250, 1.05 * skin + 45),
        hair=hair,
        brow=min(hair, 0.5 * skin),  # even fair brows stand out from the skin
    )


def _draw_expression(label: int, chance: _Chance) -> Expression:
    strength = chance.around(1, 0.3)
    neutral, full = np.array(EXPRESSIONS['neutral']), np.array(EXPRESSIONS[CLASSES[label]])
    mixed = neutral + strength * (full - neutral)
    jitter = 0.02 * chance.amount * chance.rng.uniform(-1, 1, len(mixed))
    return Expression(*(mixed + jitter).tolist())


def _draw_head(canvas: _Canvas, tones: _Tones, chance: _Chance) -> None:
    width, jaw = chance.around(0.8, 0.08), chance.around(0.12, 0.10)
    canvas.disc((0, 1.5), (1.2, 0.45), chance.around(90, 80))  # shoulders
    canvas.fill(np.array([(-0.4, 0.6), (0.4, 0.6), (0.45, 1.4), (-0.45, 1.4)]), 0.75 * tones.skin)
    if not chance.event(0.1):
        canvas.disc((0, -0.2), (width + 0.13, chance.around(0.93, 0.05)), tones.hair)
        if chance.event(0.35):  # long hair
            canvas.disc((0, 0.35), (width + 0.13, 0.9), tones.hair)
    for side in (-1, 1):
        canvas.disc((side * width, 0.0), (0.1, 0.2), 0.85 * tones.skin)
    outline = _CIRCLE * (width, 1.02)
    outline[:, 0] *= 1 - jaw * np.maximum(outline[:, 1], 0) ** 2
    canvas.fill(outline, tones.skin)
    canvas.stroke(outline, tones.shade, 0.03, closed=True)
    if not chance.event(0.1):  # a fringe with its parting
        parting = (chance.around(0, 0.6), chance.around(-0.75, 0.1))
        top = [(0.8, -0.8), (0.4, -1.05), (-0.4, -1.05), (-0.8, -0.8)]
        fringe = np.array([(-1.05, -0.4), parting, (1.05, -0.4), *top])
        canvas.fill(fringe * (width, 1), tones.hair)


def _draw_eye(canvas: _Canvas, tones: _Tones, face: Expression, side: int, gaze: tuple[float, float]) -> None:
    centre = np.array([side * 0.34, -0.16])
    bulge = 1 - _SPAN**2
    upper = -face.lid_upper * bulge - face.lid_slant * side * _SPAN
    lower = np.maximum(face.lid_lower * bulge - face.lid_slant * side * _SPAN, upper)
    across = 0.2 * _SPAN
    upper_lid, lower_lid = centre + _curve(across, upper), centre + _curve(across, lower)
    canvas.fill(np.concatenate([upper_lid, lower_lid[::-1]]), tones.white)
    iris = np.array(gaze) + 0.095 * _CIRCLE
    ceiling, floor = (np.interp(iris[:, 0], across, edge) for edge in (upper, lower))
    iris[:, 1] = np.minimum(np.maximum(iris[:, 1], ceiling), floor)
    canvas.fill(centre + iris, tones.dark)
    canvas.stroke(upper_lid, tones.dark, 0.035)
    canvas.stroke(lower_lid, tones.shade, 0.025)


def _draw_brow(canvas: _Canvas, tones: _Tones, face: Expression, side: int, width: float) -> None:
    slope = (face.brow_outer - face.brow_inner) / 2
    arch = face.brow_middle + 0.04 - (face.brow_outer + face.brow_inner) / 2
    heights = face.brow_middle + 0.04 + slope * _SPAN - arch * _SPAN**2
    inner, outer = 0.13 - face.brow_together, 0.58
    across = (inner + outer) / 2 + (outer - inner) / 2 * _SPAN
    canvas.stroke(_curve(side * across, -0.42 - heights), tones.brow, width)


def _draw_nose(canvas: _Canvas, tones: _Tones, face: Expression, length: float) -> None:
    tip = 0.2 + length
    bridge = np.array([(0.05, -0.1), (0.11, tip - 0.04), (0.0, tip), (-0.1, tip - 0.04)])
    canvas.stroke(bridge, tones.shade, 0.03)
    depth = min(face.wrinkles, 1)
    if depth < 0.1:
        return
    for y in (-0.2, -0.11, -0.02):
        wrinkle = np.array([(-0.11, y - 0.06), (0, y), (0.11, y - 0.06)])
        canvas.stroke(wrinkle, tones.skin + depth * (tones.shade - tones.skin), 0.03)


def _draw_mouth(canvas: _Canvas, tones: _Tones, face: Expression, side: int, height: float) -> None:
    bulge = (1 - _SPAN**2) ** (1 - min(face.roundness, 0.9))
    upper = -face.corner + (face.corner - face.lip_upper) * bulge
    upper -= face.sneer * np.exp(-8 * (_SPAN - 0.5 * side) ** 2)
    lower = np.maximum(-face.corner + (face.corner + face.lip_lower) * bulge, upper + 0.005)
    across = face.mouth_width * _SPAN
    teeth = upper + face.teeth * (lower - upper)
    upper_lip, edge, lower_lip = (_curve(across, height + y) for y in (upper, teeth, lower))
    opening = np.concatenate([upper_lip, lower_lip[::-1]])
    canvas.fill(opening, tones.dark)
    if face.teeth > 0.1:
        canvas.fill(np.concatenate([upper_lip, edge[::-1]]), tones.white)
    canvas.stroke(opening, tones.lips, 0.05, closed=True)
    if face.lip_upper + face.lip_lower < 0.06:  # a closed mouth shows as a line
        canvas.stroke(upper_lip, tones.dark, 0.02)


def _draw_glasses(canvas: _Canvas, chance: _Chance) -> None:
    tone, size = chance.around(60, 50), chance.around(0.27, 0.03)
    for side in (-1, 1):
        rim = _CIRCLE * (size, size * 0.8) + (side * 0.34, -0.13)
        canvas.stroke(rim, tone, 0.035, closed=True)
        canvas.stroke(np.array([(side * (0.34 + size), -0.15), (side * 0.85, -0.2)]), tone, 0.035)
    canvas.stroke(np.array([(size - 0.34, -0.15), (0.34 - size, -0.15)]), tone, 0.035)


def _draw_occlusion(canvas: _Canvas, tones: _Tones, chance: _Chance) -> None:
    """Cover part of one half of the face; the other half still shows the expression."""
    side = chance.rng.choice((-1, 1))
    kind = chance.rng.integers(3)
    if kind == 0:  # a hand, from below
        x, y = side * chance.around(0.55, 0.12), chance.around(0.55, 0.25)
        for finger in range(4):
            root = np.array([x + side * 0.5, y + 0.7 + 0.1 * finger])
            tip = np.array([x - side * 0.15 + side * 0.13 * finger, y - 0.12 + 0.03 * finger])
            canvas.stroke(np.array([root, tip]), 0.6 * tones.skin, 0.19)
            canvas.stroke(np.array([root, tip]), 0.92 * tones.skin, 0.14)
    elif kind == 1:  # a bar across a corner of the image
        angle, distance = chance.around(0, 0.7), chance.around(0.72, 0.12)
        normal = np.array([side * np.cos(angle), np.sin(angle)])
        along = np.array([-normal[1], normal[0]])
        bar = distance * normal + np.outer((-2, 2), along)
        canvas.stroke(bar, chance.around(127, 120), chance.around(0.3, 0.1))
    else:  # a lock of hair over one eye
        x = side * chance.around(0.45, 0.1)
        lock = [(x - side * 0.35, -1), (x, 0.1), (x + side * 0.25, 0.5), (side * 0.9, -0.9)]
        canvas.fill(np.array(lock), tones.hair)


def _photograph(canvas: np.ndarray, angle: float, chance: _Chance) -> np.ndarray:
    """Pose, reduce and light the canvas; ``angle`` in degrees."""
    scale = chance.around(1.05, 0.15) / _SUPERSAMPLING
    warp = cv2.getRotationMatrix2D((_CANVAS / 2, _CANVAS / 2), angle, scale)
    warp[:, 2] += SIZE / 2 - _CANVAS / 2 + np.array([chance.around(0, 3), chance.around(0, 3)])
    blur = max(0.4, chance.around(0.5, 0.3))  # pixels of the image; less than 0.4 would alias
    smooth = cv2.GaussianBlur(canvas, (0, 0), _SUPERSAMPLING * blur)
    small = cv2.warpAffine(smooth, warp, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)

    axis = np.linspace(-1, 1, SIZE, dtype=np.float32)
    lit = small * (1 + chance.around(0, 0.4) * axis + chance.around(0, 0.3) * axis[:, None])
    mean, contrast = lit.mean(), chance.around(0.85, 0.35)
    lit = mean + contrast * (lit - mean) + chance.around(0, 25)
    noise = chance.rng.standard_normal((SIZE, SIZE), dtype=np.float32)
    lit += np.float32(chance.amount * chance.rng.uniform(0, 10)) * noise
    return np.clip(lit, 0, 255).astype(np.uint8)


def draw_face(
    label: int, rng: np.random.Generator, max_rotation: float = 30.0, nuisance: float = 1.0
) -> np.ndarray:
    """Draw one face.

    Args:
        label: index into ``CLASSES``.
        rng: the only source of randomness; two generators in the same state give the same face.
        max_rotation: largest rotation of the head in the image plane, degrees, in both directions.
        nuisance: from 0 (always the ordinary face) to 1 (the full variety of heads, light and occlusion). Rotation is
            independent of it.

    Returns:
        (48, 48) uint8, grey.

    Raises:
        ValueError: ``label`` or ``nuisance`` is out of range.
    """
    if not 0 <= label < len(CLASSES):
        raise ValueError(f'label must be 0 to {len(CLASSES) - 1}, got {label}')
    if not 0 <= nuisance <= 1:
        raise ValueError(f'nuisance must be 0 to 1, got {nuisance}')
    angle = max_rotation * rng.uniform(-1, 1)
    chance = _Chance(rng, nuisance)
    tones, face = _draw_tones(chance), _draw_expression(label, chance)
    canvas = _Canvas(chance.around(127, 110), chance.around(0, 0.12), chance.around(0, 0.07))
    _draw_head(canvas, tones, chance)
    gaze, brow_width = (chance.around(0, 0.06), chance.around(0, 0.02)), chance.around(0.085, 0.025)
    _draw_nose(canvas, tones, face, chance.around(0, 0.05))
    for side in (-1, 1):
        _draw_eye(canvas, tones, face, side, gaze)
        _draw_brow(canvas, tones, face, side, brow_width)
    _draw_mouth(canvas, tones, face, rng.choice((-1, 1)), chance.around(0.5, 0.04))
    if chance.event(0.2):
        _draw_glasses(canvas, chance)
    if chance.event(0.25):
        _draw_occlusion(canvas, tones, chance)
    return _photograph(canvas.pixels, angle, chance)
