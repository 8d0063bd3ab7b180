"""What a model says of every image of a data set, for the pictures that need it."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric


class GatherScores(BaseMetric):
    """Gathers labels and probabilities during a test; it measures nothing.

    After the test ``labels`` is (N,) int, ``scores`` (N, K) float, in the order of the data set.

    Raises:
        ValueError: a sample has no ``gt_label``, or does not carry its place in the data set.
    """

    default_prefix = 'scores'  # unused; without one the host warns

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            if 'gt_label' not in sample:
                raise ValueError('the samples have no label, so nothing is right or wrong')
            if 'sample_idx' not in sample:
                raise ValueError('samples do not carry their place in the data set: PackInputs must keep sample_idx')
            self.results.append((sample['sample_idx'], int(sample['gt_label']), sample['pred_score'].tolist()))

    def compute_metrics(self, results: list) -> dict:
        _, labels, scores = zip(*sorted(results))
        self.labels, self.scores = np.array(labels), np.array(scores)
        return {}
