"""A part of the training images held out for validation, where the data have none."""
from __future__ import annotations

import numpy as np


def draw_held_out(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Mask of the images that are held out, (N,) bool: the same share of each class, rounded.

    Of each class with two images or more at least one is held out and at least one is not. The result depends on the
    labels, their order and the seed alone.

    Args:
        labels: (N,) int64.
        share: of each class, above 0 and below 1.
        seed: of the random choice.
    """
    chance = np.random.default_rng(seed)
    held = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = chance.permutation(np.flatnonzero(labels == label))
        count = min(max(round(share * len(members)), 1), len(members) - 1)
        held[members[:count]] = True
    return held
