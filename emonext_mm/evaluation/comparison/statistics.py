"""Tests and intervals for a difference in accuracy between two methods on the same N samples.

- *One run per side*: the samples are random. Only samples that exactly one of the two runs predicts correctly carry
  information. Exact form of McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions",
  Psychometrika 1947; interval of Tango, "Equivalence Test and Confidence Interval for the Difference in Proportions
  for the Paired-Sample Design", Statistics in Medicine 1998, which Fagerland, Lydersen & Laake, Statistics in Medicine
  2014, recommend.
- *Several runs per side*, with different seeds: seeds and samples are random. This is the design of a multi-reader
  multi-case study, with seeds as readers and samples as cases: Dorfman, Berbaum & Metz, Investigative Radiology 1992,
  with the degrees of freedom of Hillis, Statistics in Medicine 2007. Deviation: each side has its own variance, as in
  Welch's test, where they use a pooled one.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from scipy.optimize import bisect
from scipy.stats import binomtest
from scipy.stats import nct as noncentral
from scipy.stats import t as student

LEVEL = 0.95  # of every interval


class Difference(NamedTuple):
    """Accuracy of B minus accuracy of A and its interval, in -1..1; p-value of the hypothesis that both are equal."""

    value: float
    low: float
    high: float
    p: float


def accuracy_difference(a: np.ndarray, b: np.ndarray) -> Difference:
    """Difference in accuracy, by the test for one run or for several runs per side.

    Args:
        a: (K, N) bool, whether each of the K runs of A is right on each of N samples.
        b: (L, N) bool, the same for B. K = L = 1, or both are 2 or more.

    Raises:
        ValueError: different numbers of samples; no samples; one sample and several runs; one run against several.
    """
    least = 1 if len(a) == len(b) == 1 else 2
    if a.shape[1] != b.shape[1] or a.shape[1] < least:
        raise ValueError(f'{a.shape[1]} and {b.shape[1]} samples, expected equal numbers of {least} or more')
    if least == 1:
        return paired_difference(a[0], b[0])
    return seeds_and_samples_difference(a, b)


def paired_difference(a: np.ndarray, b: np.ndarray) -> Difference:
    """Tango's interval and McNemar's exact test for two runs, each (N,) bool."""
    only_a, only_b = discordant(a, b)
    return Difference((only_b - only_a) / len(a), *tango_interval(only_a, only_b, len(a)), mcnemar(only_a, only_b))


def discordant(a: np.ndarray, b: np.ndarray) -> tuple[int, int]:
    """Number of samples on which only A is right, and on which only B is right; each (N,) bool."""
    return int((a & ~b).sum()), int((b & ~a).sum())


def mcnemar(only_a: int, only_b: int) -> float:
    """p-value of McNemar's exact test: a sign test on the samples on which exactly one of the two is right."""
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def tango_interval(only_a: int, only_b: int, samples: int, level: float = LEVEL) -> tuple[float, float]:
    """Tango's interval: all differences B - A that the score test does not reject, as (low, high) in -1..1.

    For a difference of 0 the score test is McNemar's asymptotic test. It is less strict than the exact one: if the
    exact test rejects 0, the interval excludes 0. The converse holds except near the limit of significance.

    Raises:
        ValueError: a count is negative, or ``only_a + only_b`` exceeds ``samples``.
    """
    if min(only_a, only_b) < 0 or not 0 < samples >= only_a + only_b:
        raise ValueError(f'invalid counts: only_a {only_a}, only_b {only_b}, samples {samples}')

    def score(delta: float) -> float:
        # Maximum likelihood estimate of the share of only_a for a true difference delta: larger root of a quadratic.
        linear = (2 * samples + only_a - only_b) * delta - only_a - only_b
        root = math.sqrt(max(0.0, linear ** 2 + 8 * samples * only_a * delta * (1 - delta)))
        share = (root - linear) / (4 * samples)
        gap = only_b - only_a - samples * delta
        variance = samples * (2 * share + delta * (1 - delta))
        if variance <= 0:  # at the estimate if all samples are of one kind, and at delta = 1 or -1
            return math.copysign(math.inf, gap) if gap else 0.0
        return gap / math.sqrt(variance)

    z = NormalDist().inv_cdf((1 + level) / 2)
    estimate = (only_b - only_a) / samples
    low = -1.0 if estimate == -1 else bisect(lambda delta: score(delta) - z, -1, estimate)
    high = 1.0 if estimate == 1 else bisect(lambda delta: score(delta) + z, estimate, 1)
    return low, high


def seeds_difference(a: np.ndarray, b: np.ndarray) -> Difference:
    """Welch's t-test on the accuracies of the runs: seeds are random, the samples are fixed.

    Args and Raises: as :func:`accuracy_difference`, with two or more runs per side.
    """
    variances = [_seed_variance(side) for side in (a, b)]
    return _student(b.mean() - a.mean(), variances, [len(a), len(b)], 0.0)


def seeds_and_samples_difference(a: np.ndarray, b: np.ndarray) -> Difference:
    """Test for random seeds and random samples (see the module).

    The variance of the difference is the variance over seeds, as in Welch's test, plus the variance over samples,
    minus their interaction, which both contain. The seeds of the two sides count as independent, even if their values
    are equal.

    Args and Raises: as :func:`accuracy_difference`, with two or more runs per side.
    """
    of_seeds, of_samples = variance_parts(a, b)
    return _student(b.mean() - a.mean(), of_seeds, [len(a), len(b)], of_samples)


def variance_parts(a: np.ndarray, b: np.ndarray) -> tuple[list[float], float]:
    """Variance of the difference from the seeds of A and of B, and from the samples alone.

    Args and Raises: as :func:`accuracy_difference`, with two or more runs per side.
    """
    of_seeds = [_seed_variance(side) for side in (a, b)]
    gains = b.mean(0) - a.mean(0)
    interaction = sum(_interaction_variance(side) for side in (a, b))
    return of_seeds, max(0.0, gains.var(ddof=1) / len(gains) - interaction)


def power(value: float, of_seeds: Sequence[float], runs: Sequence[int], of_samples: float) -> float:
    """Probability that :func:`seeds_and_samples_difference` finds a true difference, at the level of ``1 - LEVEL``.

    By the noncentral t distribution, with the degrees of freedom that the test has at these variances. The test
    estimates them from few runs, so that its power is a few percentage points lower.

    Args:
        value: the true difference, in 0..1.
        of_seeds: variance of the mean accuracy from the seeds of each side, not both 0.
        runs: number of runs of each side, 2 or more.
        of_samples: variance of the difference from the samples alone.
    """
    error, freedom = _error_and_freedom(of_seeds, runs, of_samples)
    limit, shift = float(student.ppf((1 + LEVEL) / 2, freedom)), value / error
    return float(noncentral.sf(limit, freedom, shift) + noncentral.cdf(-limit, freedom, shift))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values with Holm's correction, which keeps the probability of any false positive at the level of one test.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 1979.
    """
    values = np.asarray(p_values, float)
    order = np.argsort(values)
    corrected = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)).clip(max=1)
    return corrected[np.argsort(order)].tolist()


def _seed_variance(correct: np.ndarray) -> float:
    """Variance over seeds of the mean accuracy of K runs, (K, N) bool."""
    if len(correct) < 2:
        raise ValueError('the spread over seeds needs two or more runs per side, got 1')
    return float(correct.mean(1).var(ddof=1)) / len(correct)


def _interaction_variance(correct: np.ndarray) -> float:
    """Variance of the mean accuracy from the interaction of seeds and samples, (K, N) bool."""
    runs, samples = correct.shape
    rest = correct - correct.mean(1, keepdims=True) - correct.mean(0) + correct.mean()
    return float((rest ** 2).sum()) / ((runs - 1) * (samples - 1)) / correct.size


def _student(value: float, of_seeds: Sequence[float], runs: Sequence[int], of_samples: float) -> Difference:
    """Student's interval and test for a difference, see :func:`_error_and_freedom`."""
    error, freedom = _error_and_freedom(of_seeds, runs, of_samples)
    if error == 0:
        return Difference(float(value), float(value), float(value), float(value == 0))
    reach = error * float(student.ppf((1 + LEVEL) / 2, freedom))
    p = 2 * float(student.sf(abs(value) / error, freedom))
    return Difference(float(value), float(value - reach), float(value + reach), p)


def _error_and_freedom(of_seeds: Sequence[float], runs: Sequence[int], of_samples: float) -> tuple[float, float]:
    """Standard error of a difference, and Satterthwaite's degrees of freedom.

    Only the variances over seeds count as uncertain in them, because samples are many.
    """
    variance = sum(of_seeds) + of_samples
    uncertainty = sum(v ** 2 / (count - 1) for v, count in zip(of_seeds, runs))
    return math.sqrt(variance), variance ** 2 / uncertainty if uncertainty else math.inf
