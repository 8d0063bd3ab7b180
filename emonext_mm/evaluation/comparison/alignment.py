"""Alignment of runs: the same samples and classes in the same order."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from emonext_mm.evaluation.predictions import Predictions
from emonext_mm.utils.strangers import list_names, show_name

SETTINGS = ('weights', 'views', 'transform', 'merge', 'precision')  # a difference in accuracy may come from them alone
NEW = ('precision', )  # settings that older files do not name, about which nothing is said then
SAME_IMAGES = ('data_root', 'classes')  # options of a data set that do not change its images; the classes are aligned


def align(runs: Sequence[Predictions]) -> list[Predictions]:
    """All runs with the samples and classes of the first run, in its order.

    Raises:
        ValueError: a sample without a label; classes, samples or labels that differ from those of the first run.
    """
    return [_align(run, runs[0]) for run in runs]


def cautions(runs: Sequence[Predictions]) -> list[str]:
    """One line for each kind of conditions that should be equal in all aligned runs but differ."""
    tests = _differences([run.conditions for run in runs], SETTINGS)
    lines = [f'the tests differ in {tests}: this alone may explain a difference in accuracy'] if tests else []
    datasets = [_images_of(run.conditions.get('dataset')) for run in runs]
    data = _differences(datasets, dict.fromkeys(key for dataset in datasets for key in dataset))
    return [*lines, f'the data sets differ in {data}: one sample_id may name different images'] if data else lines


def _images_of(dataset: Any) -> dict:
    """Options of a data set that choose its images and change them."""
    if not isinstance(dataset, dict):
        return {'type': dataset}
    options = {key: value for key, value in dataset.items() if key not in SAME_IMAGES}
    if isinstance(options.get('metainfo'), dict):
        options |= _images_of(options.pop('metainfo'))
    return options


def _differences(dicts: Sequence[dict], keys: Iterable[str]) -> str:
    """``views (1, 10), merge (None, AverageLogitTTA)``: the keys that differ, with their distinct values."""
    found = []
    for key in keys:
        values = list(dict.fromkeys(str(each.get(key)) for each in dicts if key in each or key not in NEW))
        if len(values) > 1:
            found.append(f'{key} ({", ".join(values)})')
    return ', '.join(found)


def _align(run: Predictions, first: Predictions) -> Predictions:
    if (run.labels < 0).any():
        sample = show_name(run.ids[int(run.labels.argmin())])
        raise ValueError(f'{run.path}: {sample} has no label, so that its prediction cannot be scored')
    if set(run.classes) != set(first.classes):
        raise ValueError(f'different classes: {list_names(first.classes)} in {first.path}; '
                         f'{list_names(run.classes)} in {run.path}')
    _check_samples(first, run)
    row_of = {sample: row for row, sample in enumerate(run.ids)}
    rows = np.array([row_of[sample] for sample in first.ids])
    columns = np.array([run.classes.index(name) for name in first.classes])
    new_class = np.argsort(columns)  # index in first.classes of each index in run.classes
    labels = new_class[run.labels[rows]]
    wrong = np.flatnonzero(labels != first.labels)
    if len(wrong):
        i = wrong[0]
        theirs, ours = (first.classes[index] for index in (first.labels[i], labels[i]))
        raise ValueError(f'{len(wrong)} labels differ: {show_name(first.ids[i])} is {theirs} in {first.path} '
                         f'and {ours} in {run.path}')
    return run._replace(classes=first.classes, ids=first.ids, labels=labels, predicted=new_class[run.predicted[rows]],
                        probabilities=run.probabilities[rows][:, columns])


def _check_samples(first: Predictions, run: Predictions) -> None:
    pairs = ((run.path, _missing(first.ids, run.ids)), (first.path, _missing(run.ids, first.ids)))
    faults = [f'{path} lacks {len(missing)} samples of the other file, such as {show_name(missing[0])}'
              for path, missing in pairs if missing]
    if faults:
        raise ValueError(f'{first.path} and {run.path} have different samples: {"; ".join(faults)}')


def _missing(wanted: Sequence[str], present: Sequence[str]) -> list[str]:
    present = set(present)
    return [sample for sample in wanted if sample not in present]
