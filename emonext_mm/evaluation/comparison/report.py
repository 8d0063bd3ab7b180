"""The comparison of runs as plain data, which :mod:`emonext_mm.evaluation.comparison.text` formats."""
from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import NamedTuple

import numpy as np

from emonext_mm.evaluation import EmotionMetric
from emonext_mm.evaluation.comparison.alignment import cautions
from emonext_mm.evaluation.comparison.statistics import (
    Difference,
    accuracy_difference,
    discordant,
    holm,
    seeds_difference,
)
from emonext_mm.evaluation.comparison.verdict import verdict
from emonext_mm.evaluation.predictions import Predictions
from emonext_mm.utils.plain import to_plain

SCORES = ('recall', 'precision', 'f1-score')


class Side(NamedTuple):
    """The runs of one method, which differ in their seeds only. The runs of all sides are aligned."""

    name: str
    runs: list[Predictions]

    @property
    def correct(self) -> np.ndarray:
        """Correctness of each of K runs on each of N samples, (K, N) bool."""
        return np.stack([run.predicted == run.labels for run in self.runs])

    @property
    def probabilities(self) -> np.ndarray:
        """Mean over the runs, (N, C)."""
        return np.mean([run.probabilities for run in self.runs], axis=0)


def make_sides(groups: Sequence[list[Predictions]]) -> list[Side]:
    """Name each group of aligned runs by a letter.

    Raises:
        ValueError: more groups than letters; one run against several; two runs of several seeds, of one group or of
            two, with equal predictions.
    """
    if len(groups) > len(ascii_uppercase):
        raise ValueError(f'{len(groups)} runs, expected {len(ascii_uppercase)} at most')
    several = [len(runs) > 1 for runs in groups]
    if any(several) and not all(several):
        raise ValueError('the spread over seeds needs two or more runs on each side of --against; without --against '
                         'each run is compared with the first')
    if any(several):
        check_seeds([run for runs in groups for run in runs])
    return [Side(name, runs) for name, runs in zip(ascii_uppercase, groups)]


def check_seeds(runs: Sequence[Predictions]) -> None:
    """Check that runs differ.

    Raises:
        ValueError: two of them have equal predictions.
    """
    for i, run in enumerate(runs):
        for other in runs[:i]:
            if np.array_equal(run.probabilities, other.probabilities):
                raise ValueError(f'{other.path} and {run.path} contain the same predictions, not two seeds')


def build_report(sides: Sequence[Side], leak_free: np.ndarray | None) -> dict:
    """Compare every later side with the first one. The result can be written as JSON; its keys are stable:

    - ``format`` 1; ``samples``: their number; ``leak_free``: number of leak-free samples, None if unknown;
      ``cautions``: lines
    - ``sides``: list of {name, runs: list of {file, conditions, metrics}, accuracy, macro_f1}; metrics: the keys of
      ``EmotionMetric``; accuracy, macro_f1: {mean, sd, min, max} over the runs, sd (n - 1) None for one run
    - ``comparisons``: list of {a, b, runs, all, leak_free, classes, verdict}; a, b: names of the sides; runs: their
      numbers of runs; verdict: see :func:`emonext_mm.evaluation.comparison.verdict.verdict`
    - ``all``, ``leak_free`` (None if unknown, or fewer than two samples): {samples, accuracy: [of A, of B], difference,
      ci95_low, ci95_high, p}; with one run per side also {only_a, only_b}, numbers of samples that only one of the two
      predicts correctly; with several also ``seeds_alone``: {ci95_low, ci95_high, p}; ``all`` has also ``p_holm``,
      corrected for the number of comparisons
    - ``classes``: class -> {samples, recall, precision, f1-score: [of A, of B], p, p_holm} for classes with samples;
      scores are means over the runs; p is of the recall, None for one sample and several runs; p_holm is corrected for
      the number of classes

    Accuracies and scores in %, differences B - A in percentage points, p in 0..1.

    Args:
        sides: two or more.
        leak_free: (N,) bool, True for a sample without a duplicate in training; None if unknown.
    """
    metrics = {side.name: [measure(run) for run in side.runs] for side in sides}
    comparisons = [_compare_two(sides[0], other, metrics, leak_free) for other in sides[1:]]
    for comparison, p in zip(comparisons, holm([each['all']['p'] for each in comparisons])):
        comparison['all']['p_holm'] = p
        comparison['verdict'] = verdict(comparison)
    return to_plain({
        'format': 1,
        'samples': len(sides[0].runs[0].ids),
        'leak_free': None if leak_free is None else int(leak_free.sum()),
        'cautions': cautions([run for side in sides for run in side.runs]),
        'sides': [{
            'name': side.name,
            'runs': [{'file': str(run.path), 'conditions': run.conditions, 'metrics': measured}
                     for run, measured in zip(side.runs, metrics[side.name])],
            'accuracy': spread([measured['accuracy/top1'] for measured in metrics[side.name]]),
            'macro_f1': spread([measured['single-label/f1-score'] for measured in metrics[side.name]]),
        } for side in sides],
        'comparisons': comparisons,
    })


def measure(run: Predictions) -> dict:
    """Metrics of a run, computed from its predictions; equal to those of the test that wrote them."""
    metric = EmotionMetric()
    metric.dataset_meta = dict(classes=run.classes)
    return metric.compute_metrics(list(zip(run.labels.tolist(), run.predicted.tolist(),
                                           run.probabilities.max(1).tolist())))


def spread(values: list[float]) -> dict:
    """Mean, standard deviation (n - 1; None for one value), minimum and maximum."""
    return {'mean': float(np.mean(values)), 'sd': float(np.std(values, ddof=1)) if len(values) > 1 else None,
            'min': min(values), 'max': max(values)}


def _compare_two(a: Side, b: Side, metrics: dict[str, list[dict]], leak_free: np.ndarray | None) -> dict:
    correct_a, correct_b = a.correct, b.correct
    enough = leak_free is not None and leak_free.sum() > 1
    return {
        'a': a.name, 'b': b.name, 'runs': [len(a.runs), len(b.runs)],
        'all': difference(correct_a, correct_b),
        'leak_free': difference(correct_a[:, leak_free], correct_b[:, leak_free]) if enough else None,
        'classes': _by_class(a, b, metrics),
    }


def difference(a: np.ndarray, b: np.ndarray) -> dict:
    """Difference of two sides, see ``all`` in :func:`build_report`; (K, N) and (L, N) bool."""
    found = {'samples': a.shape[1], 'accuracy': [100 * float(side.mean()) for side in (a, b)],
             **_in_points(accuracy_difference(a, b))}
    if len(a) == 1:
        return {**found, **dict(zip(('only_a', 'only_b'), discordant(a[0], b[0])))}
    alone = _in_points(seeds_difference(a, b))
    return {**found, 'seeds_alone': {key: alone[key] for key in ('ci95_low', 'ci95_high', 'p')}}


def _in_points(found: Difference) -> dict:
    return {'difference': 100 * found.value, 'ci95_low': 100 * found.low, 'ci95_high': 100 * found.high, 'p': found.p}


def _by_class(a: Side, b: Side, metrics: dict[str, list[dict]]) -> dict[str, dict]:
    correct_a, correct_b, labels = a.correct, b.correct, a.runs[0].labels
    table = {}
    for index, name in enumerate(a.runs[0].classes):
        of_class = labels == index
        if of_class.any():
            means = {score: [float(np.mean([measured[f'{score}/{name}'] for measured in metrics[side.name]]))
                             for side in (a, b)] for score in SCORES}
            testable = of_class.sum() > 1 or len(a.runs) == 1
            p = accuracy_difference(correct_a[:, of_class], correct_b[:, of_class]).p if testable else None
            table[name] = {'samples': int(of_class.sum()), **means, 'p': p, 'p_holm': None}
    tested = [row for row in table.values() if row['p'] is not None]
    for row, p in zip(tested, holm([row['p'] for row in tested])):
        row['p_holm'] = p
    return table
