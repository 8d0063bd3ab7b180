"""Predicted probabilities of a whole data set, for the figures that need them."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric


class GatherScores(BaseMetric):
    """Gather labels and probabilities during a test, without computing any metric.

    After the test ``labels`` is (N,) int and ``scores`` (N, K) float, both in the order of the data set.

    Raises:
        ValueError: a sample lacks ``gt_label``, or its index in the data set (``sample_idx``).
    """

    default_prefix = 'scores'  # unused, but MMEngine warns if there is none

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            if 'gt_label' not in sample:
                raise ValueError('the samples have no gt_label, and this figure compares predictions with labels')
            if 'sample_idx' not in sample:
                raise ValueError('the samples have no sample_idx: PackInputs must keep it')
            self.results.append((sample['sample_idx'], int(sample['gt_label']), sample['pred_score'].tolist()))

    def compute_metrics(self, results: list) -> dict:
        _, labels, scores = zip(*sorted(results))
        self.labels, self.scores = np.array(labels), np.array(scores)
        return {}
