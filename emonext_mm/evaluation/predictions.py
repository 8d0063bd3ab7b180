"""Files of predictions: their format, and how they are read and checked."""
from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from emonext_mm.utils.files import read_text
from emonext_mm.utils.strangers import check_plain, is_unicode, list_names, parse_json, shorten, show_name

SUFFIXES = ('.json', '.csv')
PACKED = '.json.gz'
LARGEST = 2**28  # bytes of a file, unpacked
LONGEST = 4096  # characters of a name
COLUMNS = ('sample_id', 'true', 'predicted')  # of a csv; one column for each class follows


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
    """Read a .json or .csv file written by :class:`~emonext_mm.evaluation.PredictionFile`, or a gzipped .json.gz file.

    Raises:
        ValueError: another suffix, or wrong content; the message names file, row and value.
        OSError: the file cannot be read.
    """
    path = Path(path)
    packed = path.name.endswith(PACKED)
    if path.suffix not in SUFFIXES and not packed:
        raise ValueError(f'{path}: predictions are read from {", ".join(SUFFIXES)} and {PACKED} files; test with --out '
                         'FILE.json')
    text = read_text(path, LARGEST)
    conditions, classes, rows = (_from_csv if path.suffix == '.csv' else _from_json)(path, text)
    check_plain(conditions, f'{path}, conditions')
    if not rows:
        raise ValueError(f'{path} contains no predictions')
    seen: dict[str, str] = {}
    for where, row in rows:
        _check_row(where, row, classes)
        sample = row['sample_id']
        if sample in seen:
            raise ValueError(f'{where}: duplicate sample_id {shorten(sample)}, first seen in {seen[sample]}')
        seen[sample] = where
    index = {name: i for i, name in enumerate(classes)}
    return Predictions(
        path, conditions, classes, tuple(seen),
        np.array([-1 if row['true'] is None else index[row['true']] for _, row in rows]),
        np.array([index[row['predicted']] for _, row in rows]),
        np.array([[row['probabilities'][name] for name in classes] for _, row in rows], np.float64))


def _from_json(path: Path, text: str) -> tuple[dict, tuple[str, ...], list[tuple[str, Any]]]:
    """Conditions, classes, and the rows, each preceded by its position for error messages."""
    content = parse_json(text, str(path))
    if isinstance(content, dict) and any(str(key).startswith('accuracy/') for key in content):
        raise ValueError(f'{path} contains metrics, not predictions: test with --out FILE.json, without --out-item')
    for key, kind in (('conditions', dict), ('classes', list), ('predictions', list)):
        if not isinstance(content, dict) or not isinstance(content.get(key), kind):
            raise ValueError(f'{path} is not a file of predictions: no {kind.__name__} {key!r} in it')
    rows = [(f'{path}, prediction {number}', row) for number, row in enumerate(content['predictions'], 1)]
    return content['conditions'], _check_classes(path, content['classes']), rows


def _from_csv(path: Path, text: str) -> tuple[dict, tuple[str, ...], list[tuple[str, Any]]]:
    first, _, rest = text.partition('\n')
    conditions = parse_json(first[1:], f'{path}, line 1') if first.startswith('#') else None
    if not isinstance(conditions, dict):
        raise ValueError(f'{path}, line 1 is {shorten(first)}, expected # and the conditions in JSON')
    table = csv.reader(io.StringIO(rest, newline=''))
    try:
        header = next(table, [])
        if tuple(header[:len(COLUMNS)]) != COLUMNS:
            raise ValueError(f'{path}, line 2 is {shorten(",".join(header))}, expected {",".join(COLUMNS)} and the '
                             'classes')
        classes = _check_classes(path, header[len(COLUMNS):])
        return conditions, classes, [_csv_row(f'{path}, line {table.line_num + 1}', cells, classes) for cells in table]
    except csv.Error as error:
        raise ValueError(f'{path}, line {table.line_num + 1}: {error}') from None


def _csv_row(where: str, cells: list[str], classes: tuple[str, ...]) -> tuple[str, dict]:
    if len(cells) != len(COLUMNS) + len(classes):
        raise ValueError(f'{where} has {len(cells)} cells, expected {len(COLUMNS) + len(classes)}')
    sample, true, predicted, *scores = cells
    return where, {'sample_id': sample, 'true': true or None, 'predicted': predicted,
                   'probabilities': dict(zip(classes, map(_number, scores)))}


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell  # _check_row reports it


def _check_classes(path: Path, names: list) -> tuple[str, ...]:
    if not all(map(_is_name, names)) or not 1 < len(set(names)) == len(names):
        raise ValueError(f'{path}: classes are {shorten(names)}, expected two or more distinct names')
    return tuple(names)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST and is_unicode(value)


def _check_row(where: str, row: Any, classes: tuple[str, ...]) -> None:
    if not isinstance(row, dict) or not _is_name(row.get('sample_id')):
        raise ValueError(f'{where}: no sample_id in {shorten(row)}, expected a text of 1 to {LONGEST:,} characters')
    where = f'{where} ({show_name(row["sample_id"])})'
    for key in ('true', 'predicted'):
        if key not in row:
            raise ValueError(f'{where}: no {key!r}')
        if row[key] not in classes and not (key == 'true' and row[key] is None):
            raise ValueError(f'{where}: {key} is {shorten(row[key])}, expected one of {list_names(classes)}')
    scores = row.get('probabilities')
    if not isinstance(scores, dict) or set(scores) != set(classes):
        raise ValueError(f'{where}: expected probabilities of {list_names(classes)}, got {shorten(scores)}')
    for name, score in scores.items():
        # Rounding in float32 can exceed 1 slightly.
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1.00001:
            raise ValueError(f'{where}: the probability of {show_name(name)} is {shorten(score)}, expected a number '
                             'from 0 to 1')
    if scores[row['predicted']] < max(scores.values()):
        chosen, best = map(show_name, (row['predicted'], max(scores, key=scores.get)))
        raise ValueError(f'{where}: predicted is {chosen}, but {best} has the highest probability')
