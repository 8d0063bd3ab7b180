"""The mistakes that a model makes with the greatest confidence."""
from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset

from emonext_mm.evaluation.predictions import sample_id
from emonext_mm.visualization.image_grid import draw_grid, raw_image

_ARROW = '\N{RIGHTWARDS ARROW}'
_ID_LENGTH = 18  # characters of a sample's name that fit under its image


def confident_mistakes(labels: np.ndarray, scores: np.ndarray, count: int, per_class: int) -> np.ndarray:
    """The places of the mistakes of greatest probability, most confident first.

    Args:
        labels: (N,), the true classes.
        scores: (N, K), the probabilities.
        count: mistakes at most.
        per_class: mistakes at most of each true class, so that the hardest class does not fill the sheet.
    """
    predicted, confidence = scores.argmax(1), scores.max(1)
    order = np.argsort(-confidence, kind='stable')
    wrong = order[predicted[order] != labels[order]]
    chosen = [wrong[labels[wrong] == label][:per_class] for label in range(scores.shape[1])]
    return wrong[np.isin(wrong, np.concatenate(chosen))][:count]


def draw_mistakes(dataset: BaseDataset, labels: np.ndarray, scores: np.ndarray, count: int = 40,
                  per_class: int = 8) -> Figure:
    """Draw them, each above its true and its predicted class, the probability of that, and its name.

    Args: see :func:`confident_mistakes`; N is the length of the data set, in its order.

    Raises:
        FileNotFoundError: an image is a file that is not there.
    """
    classes = dataset.metainfo['classes']
    predicted, confidence = scores.argmax(1), 100 * scores.max(1)
    places = confident_mistakes(labels, scores, count, per_class).tolist()
    captions = [f'{classes[labels[place]]} {_ARROW} {classes[predicted[place]]}\n{confidence[place]:.1f} %\n'
                f'{_shorten(sample_id(dataset, place))}' for place in places]
    title = (f'The {len(places)} most confident of {(predicted != labels).sum()} mistakes in {len(labels)} images: '
             f'true {_ARROW} predicted class (at most {per_class} of each true class)')
    return draw_grid([raw_image(dataset, place) for place in places], captions, title)


def _shorten(name: str) -> str:
    return name if len(name) <= _ID_LENGTH else f'\N{HORIZONTAL ELLIPSIS}{name[1 - _ID_LENGTH:]}'
