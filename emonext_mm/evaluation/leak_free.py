"""Accuracy on the test images that have no copy in training: what is left of a number when memory is taken away."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.logging import print_log

from emonext_mm.evaluation.metrics import wilson_interval


class CleanAccuracy(BaseMetric):
    """Accuracy on the clean samples, in %, with its 95 % Wilson interval, and their number.

    ``clean/accuracy``, ``clean/ci95_low``, ``clean/ci95_high``, ``clean/samples``; where no sample is clean, the
    last one alone.

    Args:
        clean: (N,) bool, of every sample of the data set, in its order, whether it has no copy in training.
        **kwargs: the host's ``collect_device``, ``collect_dir``.

    Raises:
        ValueError: later, when samples do not carry their place in the data set.
    """

    default_prefix = 'clean'

    def __init__(self, clean: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clean = clean

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep place and hit of each sample; it holds ``sample_idx``, ``gt_label`` and ``pred_score`` (K,)."""
        for sample in data_samples:
            hit = int(sample['pred_score'].argmax()) == int(sample['gt_label'])
            self.results.append((sample.get('sample_idx'), hit))

    def compute_metrics(self, results: list[tuple[int, bool]]) -> dict:
        if {place for place, _ in results} != set(range(len(self.clean))):
            raise ValueError('samples do not carry their place in the data set: PackInputs must keep sample_idx')
        hits = [hit for place, hit in results if self.clean[place]]
        if not hits:
            return {'samples': 0}
        low, high = wilson_interval(sum(hits), len(hits))
        return {'accuracy': 100 * sum(hits) / len(hits), 'ci95_low': 100 * low, 'ci95_high': 100 * high,
                'samples': len(hits)}


def measure_clean(evaluator: Evaluator, dataset: BaseDataset) -> None:
    """Let an evaluator measure the clean accuracy too, if the data set can tell which of its samples are clean.

    ``dataset.leaked`` (N,) bool says so (see ``FER2013``), or raises ValueError: the reason is logged. Nothing is
    added to an evaluator that measures nothing, nor for the training split itself.
    """
    if not evaluator.metrics or not hasattr(type(dataset), 'leaked') or dataset.split == 'train':
        return
    try:
        evaluator.metrics.append(CleanAccuracy(~dataset.leaked))
    except ValueError as error:
        print_log(f'accuracy on clean images is not measured: {error}', logger='current', level=logging.WARNING)
