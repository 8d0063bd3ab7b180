"""What a test of facial emotion recognition reports.

Wilson, "Probable Inference", JASA 1927 (the interval); Guo et al., "On Calibration of Modern Neural Networks", ICML
2017 (the calibration error).
"""
from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.evaluation import ConfusionMatrix
from mmpretrain.registry import METRICS
from torch import Tensor


@METRICS.register_module()
class EmotionMetric(BaseMetric):
    """Accuracy with its interval, macro averages, calibration; per class and confusion matrix if asked for.

    One metric and not a list of the host's: all but the calibration error follows from the confusion matrix, which
    is the host's; samples are gathered once; classes carry names. What the host's ``Accuracy``,
    ``SingleLabelMetric`` and ``ConfusionMatrix`` report keeps their keys, so ``save_best`` and old logs stay good.

    - ``accuracy/top1``, ``accuracy/ci95_low``, ``accuracy/ci95_high``: the accuracy and its 95 % Wilson interval
    - ``single-label/precision``, ``single-label/recall``, ``single-label/f1-score``: means over the classes that have
      samples; the second is the unweighted average recall (UAR), the third macro-F1
    - ``calibration/ece``: expected calibration error, see :func:`calibration_error`
    - ``precision/<class>``, ``recall/<class>``, ``f1-score/<class>``: 0 where not defined (``per_class``)
    - ``confusion_matrix/result``: counts (K, K) int64, rows the true class (``per_class``)

    All in % but the last. The host's averages differ for classes without a sample: it counts them as 0.

    Args:
        per_class: report per class, and the confusion matrix. Off, the line in the log stays short.
        num_bins: bins of the calibration error.
        **kwargs: the host's ``collect_device``, ``prefix``, ``collect_dir``.

    Raises:
        ValueError: ``num_bins`` is not a positive whole number; later, a sample has no ``gt_label``, the model
            scores another number of classes than the data set has, or there was no sample at all.
    """

    default_prefix = ''  # the keys are complete as they are

    def __init__(self, per_class: bool = True, num_bins: int = 15, **kwargs: Any) -> None:
        if not isinstance(num_bins, int) or num_bins < 1:
            raise ValueError(f'num_bins must be a positive whole number, got {num_bins!r}')
        super().__init__(**kwargs)
        self.per_class = per_class
        self.num_bins = num_bins

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep label, prediction and confidence of each sample; it holds ``gt_label`` and ``pred_score`` (K,)."""
        classes = self.dataset_meta['classes']
        for sample in data_samples:
            if 'gt_label' not in sample:
                raise ValueError('samples without gt_label can be predicted, not scored: add '
                                 '--out FILE.json --cfg-options test_evaluator=[]')
            if len(sample['pred_score']) != len(classes):
                raise ValueError(f'the model scores {len(sample["pred_score"])} classes, the data set has '
                                 f'{len(classes)}: {", ".join(classes)}')
            confidence, predicted = sample['pred_score'].max(0)
            self.results.append((int(sample['gt_label']), int(predicted), float(confidence)))

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
    """Precision, recall and F1 of each class, in %, (K,) float64, from counts (K, K), rows the true class.

    0 where it is not defined: no prediction of the class, no sample of it, or neither.
    """
    hits, true, predicted = matrix.diagonal().double(), matrix.sum(1), matrix.sum(0)
    return {'precision': 100 * hits / predicted.clamp(min=1),
            'recall': 100 * hits / true.clamp(min=1),
            'f1-score': 200 * hits / (true + predicted).clamp(min=1)}


def wilson_interval(hits: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """The shares of success that ``hits`` out of ``total`` do not contradict, as (low, high) in 0..1.

    Unlike the normal interval it never leaves 0..1, and it does not shrink to a point at 0 and at ``total`` hits.

    Raises:
        ValueError: not 0 <= ``hits`` <= ``total``, or ``total`` is 0.
    """
    if not 0 <= hits <= total or total == 0:
        raise ValueError(f'{hits} hits out of {total} is no share')
    share = hits / total
    square = NormalDist().inv_cdf((1 + level) / 2) ** 2 / total
    centre = share + square / 2
    reach = (square * (share * (1 - share) + square / 4)) ** 0.5
    # Exact at both ends, where rounding could leave 0..1.
    return max(0.0, (centre - reach) / (1 + square)), min(1.0, (centre + reach) / (1 + square))


def calibration_error(confidences: Tensor, correct: Tensor, num_bins: int = 15) -> float:
    """How far the confidence is from the accuracy, in 0..1: the mean over the samples of their bin's gap.

    The bins are equally wide, each without its lower edge and with its upper one.

    Args:
        confidences: (N,), the probability of the predicted class.
        correct: (N,), whether it is the true one.
    """
    edges = torch.linspace(0, 1, num_bins + 1, dtype=torch.float64)[1:-1]
    bins = torch.bucketize(confidences.double(), edges)
    gaps = torch.zeros(num_bins, dtype=torch.float64).index_add(0, bins, confidences.double() - correct.double())
    return float(gaps.abs().sum() / len(confidences))
