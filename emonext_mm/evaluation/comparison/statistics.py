"""Whether a difference in accuracy is more than noise.

A run is right or wrong on each of N samples; several runs are compared on the same samples.

- *One run a side*: chance is in the samples. Only those on which one of the two is right say anything. McNemar,
  "Note on the Sampling Error of the Difference Between Correlated Proportions", Psychometrika 1947, in its exact form;
  Tango, "Equivalence Test and Confidence Interval for the Difference in Proportions for the Paired-Sample Design",
  Statistics in Medicine 1998 (the interval; Fagerland, Lydersen & Laake, Statistics in Medicine 2014, recommend it).
- *Several runs a side*, from different seeds: chance is in the seeds and in the samples. It is the design of a
  multi-reader multi-case study, seeds for readers, samples for cases: Dorfman, Berbaum & Metz, Investigative Radiology
  1992, with the degrees of freedom of Hillis, Statistics in Medicine 2007. Deviation: each side has a variance of its
  own, as in Welch's test, where they pool.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from scipy.optimize import bisect
from scipy.stats import binomtest
from scipy.stats import t as student

LEVEL = 0.95  # of every interval; a p below 1 - LEVEL is beyond noise


class Difference(NamedTuple):
    """B's accuracy less A's, its interval, in -1..1, and the p-value of a true difference of 0."""

    value: float
    low: float
    high: float
    p: float


def accuracy_difference(a: np.ndarray, b: np.ndarray) -> Difference:
    """The difference against all the noise that the runs let see.

    Args:
        a: (K, N) bool, whether each of A's K runs is right on each of N samples.
        b: (L, N) bool, the same of B. One run each, or two and more each.

    Raises:
        ValueError: another number of samples, or none, or, for several runs, one; one run against several.
    """
    least = 1 if len(a) == len(b) == 1 else 2
    if a.shape[1] != b.shape[1] or a.shape[1] < least:
        raise ValueError(f'{a.shape[1]} and {b.shape[1]} samples, expected as many, {least} or more')
    if least == 1:
        return paired_difference(a[0], b[0])
    return seeds_and_samples_difference(a, b)


def paired_difference(a: np.ndarray, b: np.ndarray) -> Difference:
    """Two runs, each (N,) bool: Tango's interval and McNemar's exact test."""
    only_a, only_b = discordant(a, b)
    return Difference((only_b - only_a) / len(a), *tango_interval(only_a, only_b, len(a)), mcnemar(only_a, only_b))


def discordant(a: np.ndarray, b: np.ndarray) -> tuple[int, int]:
    """On how many samples only A, and only B, is right; each is (N,) bool."""
    return int((a & ~b).sum()), int((b & ~a).sum())


def mcnemar(only_a: int, only_b: int) -> float:
    """The p-value of McNemar's exact test: were both equally good, each such sample would be a coin's throw."""
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def tango_interval(only_a: int, only_b: int, samples: int, level: float = LEVEL) -> tuple[float, float]:
    """The differences B - A that the score test does not reject, as (low, high) in -1..1.

    At 0 that test is McNemar's without its exactness, which is the milder one: whenever the exact test rejects 0, so
    does this interval, and only at the edge of significance not the other way round.

    Raises:
        ValueError: a count is negative, or there are fewer ``samples`` than counts.
    """
    if min(only_a, only_b) < 0 or not 0 < samples >= only_a + only_b:
        raise ValueError(f'{only_a} and {only_b} of {samples} samples are no paired counts')

    def score(delta: float) -> float:
        # The likeliest share of "only A" if the true difference is delta: the larger root of a quadratic.
        linear = (2 * samples + only_a - only_b) * delta - only_a - only_b
        root = math.sqrt(max(0.0, linear ** 2 + 8 * samples * only_a * delta * (1 - delta)))
        share = (root - linear) / (4 * samples)
        gap = only_b - only_a - samples * delta
        variance = samples * (2 * share + delta * (1 - delta))
        if variance <= 0:  # all samples of one kind, and delta what they say; or delta is 1 or -1
            return math.copysign(math.inf, gap) if gap else 0.0
        return gap / math.sqrt(variance)

    z = NormalDist().inv_cdf((1 + level) / 2)
    estimate = (only_b - only_a) / samples
    low = -1.0 if estimate == -1 else bisect(lambda delta: score(delta) - z, -1, estimate)
    high = 1.0 if estimate == 1 else bisect(lambda delta: score(delta) + z, estimate, 1)
    return low, high


def seeds_difference(a: np.ndarray, b: np.ndarray) -> Difference:
    """Against the noise of the seeds alone, on these very samples: Welch's t on the runs' accuracies.

    Args and Raises: as :func:`accuracy_difference`, with two runs and more a side.
    """
    variances = [_of_seeds(side) for side in (a, b)]
    return _student(b.mean() - a.mean(), variances, [len(a), len(b)], 0.0)


def seeds_and_samples_difference(a: np.ndarray, b: np.ndarray) -> Difference:
    """Against the noise of other seeds on other samples of the same kind (see the module).

    The variance of the difference is that of the seeds, as in Welch's test, and that of the samples, less what
    both hold: that a seed is better on some samples and another on others. The seeds of the two sides are taken to
    be independent, also where they have the same numbers.
    """
    variances = [_of_seeds(side) for side in (a, b)]
    gains = b.mean(0) - a.mean(0)
    in_both = sum(_of_seeds_by_sample(side) for side in (a, b))
    of_samples = max(0.0, gains.var(ddof=1) / len(gains) - in_both)
    return _student(gains.mean(), variances, [len(a), len(b)], of_samples)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, such that the chance of one false alarm among all stays what it was.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 1979.
    """
    values = np.asarray(p_values, float)
    order = np.argsort(values)
    corrected = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)).clip(max=1)
    return corrected[np.argsort(order)].tolist()


def _of_seeds(correct: np.ndarray) -> float:
    """Variance of the mean accuracy of K runs, (K, N) bool, as their spread shows it."""
    if len(correct) < 2:
        raise ValueError('a side of one run has no spread over seeds, two and more have')
    return float(correct.mean(1).var(ddof=1)) / len(correct)


def _of_seeds_by_sample(correct: np.ndarray) -> float:
    """The part of the mean's variance that is neither the seeds' nor the samples' but of each pair of them."""
    runs, samples = correct.shape
    rest = correct - correct.mean(1, keepdims=True) - correct.mean(0) + correct.mean()
    return float((rest ** 2).sum()) / ((runs - 1) * (samples - 1)) / correct.size


def _student(value: float, of_seeds: Sequence[float], runs: Sequence[int], of_samples: float) -> Difference:
    """Student's interval and test, with Satterthwaite's degrees of freedom; the samples, many, have none to lose."""
    variance = sum(of_seeds) + of_samples
    if variance == 0:
        return Difference(float(value), float(value), float(value), float(value == 0))
    uncertainty = sum(v ** 2 / (count - 1) for v, count in zip(of_seeds, runs))
    freedom = variance ** 2 / uncertainty if uncertainty else math.inf
    error = math.sqrt(variance)
    reach = error * float(student.ppf((1 + LEVEL) / 2, freedom))
    p = 2 * float(student.sf(abs(value) / error, freedom))
    return Difference(float(value), float(value - reach), float(value + reach), p)
