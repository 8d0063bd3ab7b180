"""The facial expression of each of the seven emotions, for drawn faces.

The positions of brows, lids and mouth follow the conventions of drawing.
"""
from __future__ import annotations

from typing import NamedTuple


class Expression(NamedTuple):
    """Positions of brows, lids and mouth in face units (see ``drawn_face``); heights are positive upwards."""

    brow_inner: float = 0.0  # height of the inner end above the neutral brow
    brow_middle: float = 0.0
    brow_outer: float = 0.0
    brow_together: float = 0.0  # shift of the inner ends towards the midline
    lid_upper: float = 0.10  # height of the upper lid above the line of the eye
    lid_lower: float = 0.07  # depth of the lower lid below that line; negative: pushed up by the cheek
    lid_slant: float = 0.0  # height of the outer corner of the upper lid
    mouth_width: float = 0.29  # half the distance between the corners
    corner: float = 0.0  # height of the corners
    lip_upper: float = 0.015  # height of the middle of the upper lip
    lip_lower: float = 0.015  # depth of the middle of the lower lip
    roundness: float = 0.0  # 0: lips meet at a point, 0.5: ellipse, 0.8: box
    sneer: float = 0.0  # rise of the upper lip on one side only
    wrinkles: float = 0.0  # of the nose, 0 to 1
    teeth: float = 0.0  # share of the open mouth


EXPRESSIONS = {
    'angry': Expression(
        brow_inner=-0.17, brow_middle=-0.07, brow_outer=0.08, brow_together=0.05, lid_upper=0.08,
        lid_lower=0.05, lid_slant=0.05, mouth_width=0.25, corner=-0.11,
    ),
    'disgust': Expression(
        brow_inner=-0.06, brow_middle=-0.05, brow_outer=-0.03, brow_together=0.02, lid_upper=0.04,
        lid_lower=0.01, mouth_width=0.28, corner=-0.07, lip_upper=0.1, lip_lower=0.02, roundness=0.3,
        sneer=0.13, wrinkles=1, teeth=0.5,
    ),
    'fear': Expression(
        brow_inner=0.17, brow_middle=0.13, brow_outer=0.03, brow_together=0.05, lid_upper=0.18,
        lid_lower=0.1, mouth_width=0.37, corner=-0.06, lip_upper=0.06, lip_lower=0.13, roundness=0.7,
        teeth=0.35,
    ),
    'happy': Expression(
        brow_inner=0.02, brow_middle=0.03, lid_upper=0.09, lid_lower=-0.02, mouth_width=0.42, corner=0.14,
        lip_upper=-0.02, lip_lower=0.17, roundness=0.1, teeth=0.55,
    ),
    'sad': Expression(
        brow_inner=0.15, brow_middle=0.03, brow_outer=-0.1, brow_together=0.03, lid_upper=0.055,
        lid_lower=0.06, lid_slant=-0.05, mouth_width=0.25, corner=-0.13, lip_upper=0.03, lip_lower=0,
    ),
    'surprise': Expression(
        brow_inner=0.15, brow_middle=0.24, brow_outer=0.14, lid_upper=0.19, lid_lower=0.13,
        mouth_width=0.17, lip_upper=0.12, lip_lower=0.22, roundness=0.5,
    ),
    'neutral': Expression(),
}
