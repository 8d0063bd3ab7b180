"""The cost of rounded weights."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

BATCH = 64
Predict = Callable[[Tensor], Tensor]  # probabilities (N, K) of images (N, C, H, W)


@dataclass(frozen=True)
class RoundingCost:
    """Accuracy in % on ``samples`` images before and after rounding, and the number of labels that changed."""

    samples: int
    before: float
    after: float
    changed: int

    def __str__(self) -> str:
        return (f'accuracy on {self.samples} faces of the validation split: {self.before:.2f} % before rounding, '
                f'{self.after:.2f} % after it; {self.changed} labels changed')


def measure_rounding(dataset: Sequence[dict], before: Predict, after: Predict, most: int = 1000) -> RoundingCost:
    """Compare a model before and after rounding.

    Args:
        dataset: packed samples with labels, of equal size.
        before, after: the model.
        most: largest number of images, which are taken at equal distances.

    Raises:
        ValueError: the data set is empty.
    """
    if not len(dataset):
        raise ValueError('the data set to measure rounding on is empty')
    indices = torch.linspace(0, len(dataset) - 1, min(most, len(dataset))).round().int().tolist()
    correct, changed = [0, 0], 0
    for part in torch.tensor(indices).split(BATCH):
        samples = [dataset[index] for index in part.tolist()]
        images = torch.stack([sample['inputs'] for sample in samples])
        labels = torch.cat([sample['data_samples'].gt_label for sample in samples])
        answers = [predict(images).argmax(1) for predict in (before, after)]
        correct = [count + int((answer == labels).sum()) for count, answer in zip(correct, answers)]
        changed += int((answers[0] != answers[1]).sum())
    return RoundingCost(len(indices), *(100 * count / len(indices) for count in correct), changed)
