"""The images on which two methods differ most."""
from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset

from emonext_mm.evaluation.comparison.report import Side
from emonext_mm.visualization.image_grid import draw_grid, raw_image

_EACH = 16  # images each way, two rows of the sheet


def draw_differences(dataset: BaseDataset, places: np.ndarray, a: Side, b: Side) -> Figure:
    """Draw where the probability of the true class rises most from ``a`` to ``b``, then where it falls most.

    Each stands above the true class with its two probabilities, and what either says with which probability, all
    of them means over the runs of a side.

    Args:
        places: (N,), of the sides' samples in ``dataset``.
    """
    run, before, after = a.runs[0], a.probabilities, b.probabilities
    rows = np.arange(len(run.labels))
    gains = after[rows, run.labels] - before[rows, run.labels]
    chosen = most_different(gains)
    captions = ['\n'.join([
        f'{run.classes[run.labels[i]]} {before[i, run.labels[i]]:.2f} → {after[i, run.labels[i]]:.2f}',
        *(f'{side.name}: {run.classes[scores[i].argmax()]} {scores[i].max():.2f}'
          for side, scores in ((a, before), (b, after))),
    ]) for i in chosen]
    images = [raw_image(dataset, int(places[i])) for i in chosen]
    of_runs = '' if len(a.runs) == len(b.runs) == 1 else f', means of {len(a.runs)} and {len(b.runs)} runs'
    rising = int((gains[chosen] > 0).sum())
    title = (f'Probability of the true class, {a.name} → {b.name}{of_runs}: the {rising} that rise most, '
             f'then the {len(chosen) - rising} that fall most')
    return draw_grid(images, captions, title)


def most_different(gains: np.ndarray, each: int = _EACH) -> list[int]:
    """Places of the largest gains, largest first, then of the largest losses, largest first; none of 0."""
    order = np.argsort(-gains, kind='stable')
    up = [int(i) for i in order[:each] if gains[i] > 0]
    return up + [int(i) for i in order[::-1][:each] if gains[i] < 0]
