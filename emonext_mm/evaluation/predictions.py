"""Files of predictions: their format, and how they are read and checked."""
from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.dataset import BaseDataset

SUFFIXES = ('.json', '.csv')
COLUMNS = ('sample_id', 'true', 'predicted')  # of a csv; one column for each class follows


def sample_id(dataset: BaseDataset, index: int) -> str:
    """Name of a sample: its ``sample_id`` in the data set, else the path of its image, else its index.

    Taken from the data set, since ``PackInputs`` drops ``sample_id`` from the sample by default.
    """
    info = dataset.get_data_info(index)
    return str(info.get('sample_id') or info.get('img_path') or index)


class Predictions(NamedTuple):
    """Predictions of K classes for N samples, in the order of their file."""

    path: Path
    conditions: dict
    classes: tuple[str, ...]
    ids: tuple[str, ...]  # unique
    labels: np.ndarray  # (N,) int64, index into classes; -1 without a label
    predicted: np.ndarray  # (N,) int64, index into classes
    probabilities: np.ndarray  # (N, K) float64


def read_predictions(path: str | Path) -> Predictions:
    """Read a .json or .csv file written by :class:`~emonext_mm.evaluation.PredictionFile`.

    Raises:
        ValueError: another suffix, or wrong content; the message names file, row and value.
        OSError: the file cannot be read.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f'{path}: predictions are read from {", ".join(SUFFIXES)} files; test with --out FILE.json')
    try:
        text = path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not a text file: {error}') from None
    conditions, classes, rows = (_from_json if path.suffix == '.json' else _from_csv)(path, text)
    if not rows:
        raise ValueError(f'{path} contains no predictions')
    seen: dict[str, str] = {}
    for where, row in rows:
        _check_row(where, row, classes)
        sample = row['sample_id']
        if sample in seen:
            raise ValueError(f'{where}: duplicate sample_id {sample!r}, first seen in {seen[sample]}')
        seen[sample] = where
    index = {name: i for i, name in enumerate(classes)}
    return Predictions(
        path, conditions, classes, tuple(seen),
        np.array([-1 if row['true'] is None else index[row['true']] for _, row in rows]),
        np.array([index[row['predicted']] for _, row in rows]),
        np.array([[row['probabilities'][name] for name in classes] for _, row in rows], np.float64))


def _from_json(path: Path, text: str) -> tuple[dict, tuple[str, ...], list[tuple[str, Any]]]:
    """Conditions, classes, and the rows, each preceded by its position for error messages."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f'{path} is not valid JSON: {error}') from None
    if isinstance(content, dict) and any(str(key).startswith('accuracy/') for key in content):
        raise ValueError(f'{path} contains metrics, not predictions: test with --out FILE.json, without --out-item')
    for key, kind in (('conditions', dict), ('classes', list), ('predictions', list)):
        if not isinstance(content, dict) or not isinstance(content.get(key), kind):
            raise ValueError(f'{path} is not a file of predictions: no {kind.__name__} {key!r} in it')
    rows = [(f'{path}, prediction {number}', row) for number, row in enumerate(content['predictions'], 1)]
    return content['conditions'], _check_classes(path, content['classes']), rows


def _from_csv(path: Path, text: str) -> tuple[dict, tuple[str, ...], list[tuple[str, Any]]]:
    first, _, rest = text.partition('\n')
    try:
        conditions = json.loads(first[1:]) if first.startswith('#') else None
    except json.JSONDecodeError:
        conditions = None
    if not isinstance(conditions, dict):
        raise ValueError(f'{path}, line 1 is {first[:40]!r}, expected # and the conditions in JSON')
    table = csv.reader(io.StringIO(rest, newline=''))
    header = next(table, [])
    if tuple(header[:len(COLUMNS)]) != COLUMNS:
        raise ValueError(f'{path}, line 2 is {",".join(header)[:40]!r}, expected {",".join(COLUMNS)} and the classes')
    classes = _check_classes(path, header[len(COLUMNS):])
    rows = []
    for cells in table:
        where = f'{path}, line {table.line_num + 1}'
        if len(cells) != len(header):
            raise ValueError(f'{where} has {len(cells)} cells, expected {len(header)}')
        sample, true, predicted, *scores = cells
        rows.append((where, {'sample_id': sample, 'true': true or None, 'predicted': predicted,
                             'probabilities': dict(zip(classes, map(_number, scores)))}))
    return conditions, classes, rows


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell  # _check_row reports it


def _check_classes(path: Path, names: list) -> tuple[str, ...]:
    if not all(isinstance(name, str) and name for name in names) or not 1 < len(set(names)) == len(names):
        raise ValueError(f'{path}: classes are {names}, expected two or more distinct names')
    return tuple(names)


def _check_row(where: str, row: Any, classes: tuple[str, ...]) -> None:
    if not isinstance(row, dict) or not isinstance(row.get('sample_id'), str) or not row['sample_id']:
        raise ValueError(f'{where}: no sample_id in {str(row)[:80]}')
    where = f'{where} ({row["sample_id"]})'
    for key in ('true', 'predicted'):
        if key not in row:
            raise ValueError(f'{where}: no {key!r}')
        if row[key] not in classes and not (key == 'true' and row[key] is None):
            raise ValueError(f'{where}: {key} is {row[key]!r}, expected one of {", ".join(classes)}')
    scores = row.get('probabilities')
    if not isinstance(scores, dict) or set(scores) != set(classes):
        raise ValueError(f'{where}: expected probabilities of {", ".join(classes)}, got {str(scores)[:80]}')
    for name, score in scores.items():
        # Rounding in float32 can exceed 1 slightly.
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1.00001:
            raise ValueError(f'{where}: the probability of {name} is {score!r}, expected a number from 0 to 1')
    if scores[row['predicted']] < max(scores.values()):
        best = max(scores, key=scores.get)
        raise ValueError(f'{where}: predicted is {row["predicted"]}, but {best} has the highest probability')
