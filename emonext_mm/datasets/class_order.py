"""Labels of emotions for class names in any order."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emonext_mm.emotions import CLASSES, UNLABELLED, find_order


def arrange(labels: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Index in ``classes`` of each label (N,), an index into ``CLASSES``; ``UNLABELLED`` stays.

    Raises:
        ValueError: ``classes`` are not the seven emotions.
    """
    order = find_order(CLASSES, classes)
    if order == list(range(len(CLASSES))):
        return labels
    return np.where(labels == UNLABELLED, UNLABELLED, np.array(order)[labels])


def arrange_scores(scores: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Columns of scores (N, 7), in the order of ``CLASSES``, in that of ``classes``.

    Raises:
        ValueError: see :func:`arrange`.
    """
    return scores[:, find_order(classes, CLASSES)]
