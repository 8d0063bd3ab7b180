"""Metrics of facial emotion recognition.

Wilson, "Probable Inference", JASA 1927 (interval, through SciPy); Guo et al., "On Calibration of Modern Neural
Networks", ICML 2017 (calibration error).
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.evaluation import ConfusionMatrix
from mmpretrain.registry import METRICS
from scipy.stats import binomtest
from torch import Tensor

from emonext_mm.utils.samples import check_scores, name_sample


@METRICS.register_module()
class EmotionMetric(BaseMetric):
    """Accuracy with its interval, macro averages and calibration error; optionally scores per class.

    All but the calibration error follow from one confusion matrix, so that samples are gathered once. The keys are
    those of MMPretrain's ``Accuracy``, ``SingleLabelMetric`` and ``ConfusionMatrix`` where these report the same.

    - ``accuracy/top1``, ``accuracy/ci95_low``, ``accuracy/ci95_high``: accuracy and its 95 % Wilson interval
    - ``single-label/precision``, ``single-label/recall``, ``single-label/f1-score``: means over the classes that have
      samples; the second is the unweighted average recall (UAR), the third is macro-F1
    - ``calibration/ece``: expected calibration error, see :func:`calibration_error`
    - ``precision/<class>``, ``recall/<class>``, ``f1-score/<class>``: 0 where undefined (with ``per_class``)
    - ``confusion_matrix/result``: counts (K, K) int64, one row for each true class (with ``per_class``)

    All in %, except the last. Deviation from MMPretrain: its averages count a class without samples as 0.

    Args:
        per_class: also report the scores of each class and the confusion matrix.
        num_bins: number of bins of the calibration error.
        **kwargs: ``collect_device``, ``prefix`` and ``collect_dir`` of MMEngine's ``BaseMetric``.

    Raises:
        ValueError: ``num_bins`` is not a positive whole number; in the evaluation: a sample without ``gt_label`` or
            with one that is no index of a class, a model with another number of classes than the data set, or no
            samples.
        FloatingPointError: in the evaluation: scores that are not finite.
    """

    default_prefix = ''  # the keys are complete as they are

    def __init__(self, per_class: bool = True, num_bins: int = 15, **kwargs: Any) -> None:
        if not isinstance(num_bins, int) or num_bins < 1:
            raise ValueError(f'num_bins must be a positive whole number, got {num_bins!r}')
        super().__init__(**kwargs)
        self.per_class = per_class
        self.num_bins = num_bins

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Store label, prediction and confidence of each sample, which holds ``gt_label`` and ``pred_score`` (K,)."""
        classes = self.dataset_meta['classes']
        check_scores(data_samples)
        for sample in data_samples:
            if 'gt_label' not in sample:
                raise ValueError('samples without gt_label cannot be scored; to predict them only, add '
                                 '--out FILE.json --cfg-options test_evaluator=[]')
            if len(sample['pred_score']) != len(classes):
                raise ValueError(f'the model scores {len(sample["pred_score"])} classes, the data set has '
                                 f'{len(classes)}: {", ".join(classes)}')
        # A batch at once: the CPU waits for the GPU at each of the three copies.
        labels = torch.cat([torch.as_tensor(sample['gt_label']).reshape(1) for sample in data_samples]).tolist()
        confidences, predicted = torch.stack([sample['pred_score'] for sample in data_samples]).max(1)
        for sample, label in zip(data_samples, labels):
            if not 0 <= label < len(classes):
                raise ValueError(f'the label of {name_sample(sample)} is {label}, expected 0 to {len(classes) - 1}: '
                                 f'{", ".join(classes)}')
        self.results += zip(labels, predicted.tolist(), confidences.tolist())

    def compute_metrics(self, results: list[tuple[int, int, float]]) -> dict:
        if not results:
            raise ValueError('there is no sample to measure')
        classes = self.dataset_meta['classes']
        labels, predicted, confidences = map(torch.tensor, zip(*results))
        matrix = ConfusionMatrix.calculate(predicted, labels, num_classes=len(classes))
        low, high = wilson_interval(int(matrix.trace()), len(results))
        scores = class_scores(matrix)
        metrics = {'accuracy/top1': 100 * int(matrix.trace()) / len(results),
                   'accuracy/ci95_low': 100 * low, 'accuracy/ci95_high': 100 * high}
        has_samples = matrix.sum(1) > 0
        metrics.update({f'single-label/{name}': float(values[has_samples].mean()) for name, values in scores.items()})
        metrics['calibration/ece'] = 100 * calibration_error(confidences, predicted == labels, self.num_bins)
        if self.per_class:
            metrics.update({f'{name}/{label}': value for name, values in scores.items()
                            for label, value in zip(classes, values.tolist())})
            metrics['confusion_matrix/result'] = matrix
        return metrics


def class_scores(matrix: Tensor) -> dict[str, Tensor]:
    """Precision, recall and F1 of each class in %, (K,) float64, from counts (K, K) with a row for each true class.

    0 where undefined: the class has no prediction, no sample, or neither.
    """
    hits, true, predicted = matrix.diagonal().double(), matrix.sum(1), matrix.sum(0)
    return {'precision': 100 * hits / predicted.clamp(min=1),
            'recall': 100 * hits / true.clamp(min=1),
            'f1-score': 200 * hits / (true + predicted).clamp(min=1)}


def wilson_interval(hits: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's confidence interval of a proportion, as (low, high) in 0..1.

    Unlike the normal approximation it stays within 0..1 and does not shrink to a point at 0 or ``total`` hits.

    Raises:
        ValueError: not 0 <= ``hits`` <= ``total``, or ``total`` is 0.
    """
    if not 0 <= hits <= total or total == 0:
        raise ValueError(f'{hits} hits of {total} samples is not a proportion')
    low, high = binomtest(hits, total).proportion_ci(level, method='wilson')
    return float(low), float(high)


def calibration_error(confidences: Tensor, correct: Tensor, num_bins: int = 15) -> float:
    """Expected calibration error in 0..1: the mean over all samples of ``|accuracy - mean confidence|`` of their bin.

    The bins have equal width; each includes its upper edge and excludes its lower one.

    Args:
        confidences: (N,), probability of the predicted class.
        correct: (N,) bool, whether the predicted class is the true one.
    """
    edges = torch.linspace(0, 1, num_bins + 1, dtype=torch.float64)[1:-1]
    bins = torch.bucketize(confidences.double(), edges)
    gaps = torch.zeros(num_bins, dtype=torch.float64).index_add(0, bins, confidences.double() - correct.double())
    return float(gaps.abs().sum() / len(confidences))
