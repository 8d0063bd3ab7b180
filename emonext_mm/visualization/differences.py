"""The images on which two methods differ most."""
from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset

from emonext_mm.evaluation.comparison.report import Side
from emonext_mm.visualization.image_grid import draw_grid, raw_image

_ARROW = '\N{RIGHTWARDS ARROW}'
_EACH = 16  # images of each direction: two rows of the grid
_GAIN, _LOSS = 'tab:green', 'tab:red'


def draw_differences(dataset: BaseDataset, indices: np.ndarray, a: Side, b: Side) -> Figure:
    """Draw the images whose probability of the true class rises most from ``a`` to ``b``, then those where it falls.

    Below each image: the true class with its two probabilities, then the predicted class of each side with its
    probability; green for a gain, red for a loss. Probabilities are means over the runs of a side.

    Args:
        indices: (N,), index in ``dataset`` of each sample of the sides.

    Raises:
        FileNotFoundError: an image file is missing.
    """
    run = a.runs[0]
    samples = np.arange(len(run.labels))
    before, after = (side.probabilities[samples, run.labels] for side in (a, b))
    chosen = most_different(after - before)
    captions = [f'{run.classes[run.labels[i]]} {before[i]:.2f} {_ARROW} {after[i]:.2f}\n'
                f'before: {_prediction(a, i)}\nafter: {_prediction(b, i)}' for i in chosen]
    rising = int((after > before)[chosen].sum())
    colors = [_GAIN] * rising + [_LOSS] * (len(chosen) - rising)
    means = '' if len(a.runs) == len(b.runs) == 1 else f', means of {len(a.runs)} and {len(b.runs)} runs'
    title = (f'{a.name} {_ARROW} {b.name}{means}: probability of the true class, and the two predictions\n'
             f'the {rising} largest gains, then the {len(chosen) - rising} largest losses')
    return draw_grid([raw_image(dataset, int(indices[i])) for i in chosen], captions, title, caption_colors=colors)


def _prediction(side: Side, sample: int) -> str:
    scores = side.probabilities[sample]
    return f'{side.runs[0].classes[scores.argmax()]} {scores.max():.2f}'


def most_different(gains: np.ndarray, each: int = _EACH) -> list[int]:
    """Indices of the largest gains in descending order, then of the largest losses, the largest first, no zeros."""
    order = np.argsort(-gains, kind='stable')
    rising = [int(i) for i in order[:each] if gains[i] > 0]
    return rising + [int(i) for i in order[::-1][:each] if gains[i] < 0]
