"""Temperature scaling: one number T for a trained model, so that softmax(logits / T) is calibrated.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2. The predicted classes do not change.

Where only probabilities p are at hand, log p are valid logits: they differ from the model's by a constant for each
sample, which softmax cancels, so that the calibrated probabilities are softmax(log p / T).
"""
from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn.functional import cross_entropy

from emonext_mm.evaluation.metrics import calibration_error

LOWEST, HIGHEST = 0.01, 100.0  # of the fitted temperature


def fit_temperature(logits: Tensor | np.ndarray, labels: Tensor | np.ndarray) -> float:
    """Temperature T that minimises the mean negative log-likelihood of the labels under softmax(logits / T).

    The likelihood has one minimum in log T, which is searched from T = 0.01 to T = 100. Without a minimum the result is
    close to an end: the lower one if every prediction is right, the upper one if the logits do not favour the true
    classes.

    Args:
        logits: (N, K), finite; or log-probabilities.
        labels: (N,), index of the true class.

    Raises:
        ValueError: wrong shapes, no samples, a logit that is not finite, or a label outside 0..K - 1.
    """
    logits, labels = _checked(logits, labels)
    found = minimize_scalar(lambda log_t: float(cross_entropy(logits / math.exp(log_t), labels)), method='bounded',
                            bounds=(math.log(LOWEST), math.log(HIGHEST)), options=dict(xatol=1e-9))
    return math.exp(found.x)


def expected_error(logits: Tensor | np.ndarray, labels: Tensor | np.ndarray, temperature: float = 1.0,
                   num_bins: int = 15) -> float:
    """Expected calibration error of softmax(logits / T) in 0..1, see :func:`calibration_error`.

    Raises:
        ValueError: as in :func:`fit_temperature`.
    """
    logits, labels = _checked(logits, labels)
    return _error(logits / temperature, labels, num_bins)


def cross_fitted_error(logits: Tensor | np.ndarray, labels: Tensor | np.ndarray, folds: int = 2, num_bins: int = 15,
                       seed: int = 0) -> float:
    """Expected calibration error after temperature scaling, in 0..1, without a sample that chose its own temperature.

    The samples are divided at random into ``folds`` parts of equal size. The logits of each part are divided by the
    temperature that was fitted on the others; one error is computed over all samples, since that of a smaller sample
    is larger by chance alone.

    Args:
        logits, labels: as in :func:`fit_temperature`.
        folds: number of parts.
        num_bins: number of bins of the calibration error.
        seed: seed of the division.

    Raises:
        ValueError: as in :func:`fit_temperature`; ``folds`` is less than 2 or more than the number of samples.
    """
    logits, labels = _checked(logits, labels)
    if not 2 <= folds <= len(labels):
        raise ValueError(f'folds must be from 2 to the number of samples, {len(labels)}, got {folds}')
    scaled = logits.clone()
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(labels)))
    for part in order.tensor_split(folds):
        others = torch.ones(len(labels), dtype=torch.bool)
        others[part] = False
        scaled[part] /= fit_temperature(logits[others], labels[others])
    return _error(scaled, labels, num_bins)


def _error(logits: Tensor, labels: Tensor, num_bins: int) -> float:
    confidences, predicted = logits.softmax(1).max(1)
    return calibration_error(confidences, predicted == labels, num_bins)


def _checked(logits: Tensor | np.ndarray, labels: Tensor | np.ndarray) -> tuple[Tensor, Tensor]:
    """Logits in float64 and labels in int64, on the CPU."""
    logits = torch.as_tensor(logits, dtype=torch.float64, device='cpu')
    labels = torch.as_tensor(labels, dtype=torch.int64, device='cpu')
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not logits.numel():
        raise ValueError(f'expected logits (N, K) and labels (N,), got {tuple(logits.shape)} and {tuple(labels.shape)}')
    bad = (~logits.isfinite()).nonzero()
    if len(bad):
        row, column = bad[0].tolist()
        raise ValueError(f'the logit of class {column} in row {row} is {float(logits[row, column])}, expected a finite '
                         'number; clamp probabilities before the logarithm')
    outside = ((labels < 0) | (labels >= logits.shape[1])).nonzero().flatten()
    if len(outside):
        row = int(outside[0])
        raise ValueError(f'label {int(labels[row])} in row {row}, expected 0 to {logits.shape[1] - 1}')
    return logits, labels
