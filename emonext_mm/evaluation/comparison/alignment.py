"""Runs brought into one order of samples and classes, so that they can be compared pair by pair."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from emonext_mm.evaluation.predictions import Predictions

# What a test does, not what is tested: a difference may come from it alone.
SETTINGS = ('weights', 'views', 'transform', 'merge')
PLACES = ('data_root', )  # of a data set: where it lies says nothing of what it is


def pair(runs: Sequence[Predictions]) -> list[Predictions]:
    """All runs with the samples and the classes of the first, in its order.

    Raises:
        ValueError: a sample without label; other classes, samples or labels than the first run's.
    """
    return [_like(runs[0], run) for run in runs]


def cautions(runs: Sequence[Predictions]) -> list[str]:
    """Lines on the conditions that are meant to be equal and are not."""
    tests = _differing([run.conditions for run in runs], SETTINGS)
    lines = [f'the tests differ in {tests}: a difference may come from that alone'] if tests else []
    datasets = [run.conditions.get('dataset') for run in runs]
    datasets = [dataset if isinstance(dataset, dict) else {'type': dataset} for dataset in datasets]
    keys = dict.fromkeys(key for dataset in datasets for key in dataset if key not in PLACES)
    data = _differing(datasets, keys)
    return [*lines, f'the data sets differ in {data}: the same sample_id may be another image'] if data else lines


def _differing(dicts: Sequence[dict], keys: Iterable[str]) -> str:
    """``views (1, 10), merge (None, AverageLogitTTA)``: the keys whose values differ, each value once."""
    found = []
    for key in keys:
        values = list(dict.fromkeys(str(each.get(key)) for each in dicts))
        if len(values) > 1:
            found.append(f'{key} ({", ".join(values)})')
    return ', '.join(found)


def _like(first: Predictions, run: Predictions) -> Predictions:
    if (run.labels < 0).any():
        raise ValueError(f'{run.path}: {run.ids[int(run.labels.argmin())]} has no label, so that nothing is right or '
                         'wrong')
    if set(run.classes) != set(first.classes):
        raise ValueError(f'{run.path} has the classes {", ".join(run.classes)}, {first.path} has '
                         f'{", ".join(first.classes)}')
    _check_samples(first, run)
    place = {sample: i for i, sample in enumerate(run.ids)}
    order = np.array([place[sample] for sample in first.ids])
    columns = np.array([run.classes.index(name) for name in first.classes])
    new_index = np.argsort(columns)
    labels = new_index[run.labels[order]]
    wrong = np.flatnonzero(labels != first.labels)
    if len(wrong):
        i = wrong[0]
        raise ValueError(f'{first.ids[i]} is {first.classes[labels[i]]} in {run.path} and '
                         f'{first.classes[first.labels[i]]} in {first.path}; {len(wrong)} labels differ')
    return run._replace(classes=first.classes, ids=first.ids, labels=labels, predicted=new_index[run.predicted[order]],
                        probabilities=run.probabilities[order][:, columns])


def _check_samples(first: Predictions, run: Predictions) -> None:
    lacks = [f'{path} lacks {len(missing)} samples of the other, such as {missing[0]}'
             for path, missing in ((run.path, _missing(first.ids, run.ids)), (first.path, _missing(run.ids, first.ids)))
             if missing]
    if lacks:
        raise ValueError(f'{first.path} and {run.path} are not of the same samples: {"; ".join(lacks)}')


def _missing(wanted: Sequence[str], there: Sequence[str]) -> list[str]:
    there = set(there)
    return [sample for sample in wanted if sample not in there]
