"""The most confident mistakes of a model."""
from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset

from emonext_mm.utils.samples import sample_id
from emonext_mm.visualization.image_grid import draw_grid, raw_image

_ARROW = '\N{RIGHTWARDS ARROW}'
_ID_LENGTH = 18  # characters of a sample id that fit below its image


def confident_mistakes(labels: np.ndarray, scores: np.ndarray, count: int, per_class: int) -> np.ndarray:
    """Indices of the mistakes with the highest predicted probability, in descending order of it.

    Args:
        labels: (N,), the true classes.
        scores: (N, K), the probabilities.
        count: the largest number of mistakes.
        per_class: the largest number of mistakes of one true class, so that the hardest class does not fill the grid.
    """
    predicted, confidence = scores.argmax(1), scores.max(1)
    order = np.argsort(-confidence, kind='stable')
    wrong = order[predicted[order] != labels[order]]
    chosen = [wrong[labels[wrong] == label][:per_class] for label in range(scores.shape[1])]
    return wrong[np.isin(wrong, np.concatenate(chosen))][:count]


def draw_mistakes(dataset: BaseDataset, labels: np.ndarray, scores: np.ndarray, count: int = 40,
                  per_class: int = 8) -> Figure:
    """Draw the most confident mistakes, each above its true and predicted class, its probability and its sample id.

    Args: see :func:`confident_mistakes`; N is the length of the data set, in its order.

    Raises:
        FileNotFoundError: an image file is missing.
    """
    classes = dataset.metainfo['classes']
    predicted, confidence = scores.argmax(1), 100 * scores.max(1)
    indices = confident_mistakes(labels, scores, count, per_class).tolist()
    captions = [f'{classes[labels[index]]} {_ARROW} {classes[predicted[index]]}\n{confidence[index]:.1f} %\n'
                f'{_shorten(sample_id(dataset, index))}' for index in indices]
    title = (f'The {len(indices)} most confident of {(predicted != labels).sum()} mistakes on {len(labels)} images: '
             f'true {_ARROW} predicted class (at most {per_class} of each true class)')
    return draw_grid([raw_image(dataset, index) for index in indices], captions, title)


def _shorten(name: str) -> str:
    return name if len(name) <= _ID_LENGTH else f'\N{HORIZONTAL ELLIPSIS}{name[1 - _ID_LENGTH:]}'
