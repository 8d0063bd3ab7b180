"""What a model said of every image, in a file that a person and a spreadsheet can read."""
from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric

from emonext_mm.utils.files import write_atomic

SUFFIXES = ('.json', '.csv')
COLUMNS = ('sample_id', 'true', 'predicted')  # of a .csv, before one for each class


class PredictionFile(BaseMetric):
    """Gathers what is predicted during a test, from all processes; :meth:`write` writes it when the test is over.

    It measures nothing, and stands among the evaluator's metrics for their way of gathering. ::

        {"conditions": {...},
         "classes": ["angry", ...],
         "predictions": [
        {"sample_id": "test_0", "true": "angry", "predicted": "sad", "probabilities": {"angry": 0.21, ...}},
        ...

    A .csv has the columns sample_id, true, predicted and one for each class, below a line of conditions that begins
    with #. ``true`` is null (in the csv: empty) for a face without a label.

    Raises:
        ValueError: ``path`` ends neither in .json nor in .csv.
    """

    default_prefix = 'predictions'  # unused; without one the host warns

    def __init__(self, path: str | Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path = Path(path)
        if self.path.suffix not in SUFFIXES:
            raise ValueError(f'{path}: predictions are written to {", ".join(SUFFIXES)}, .pkl or .pickle')
        self._gathered: list[tuple] = []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            label = int(sample['gt_label']) if 'gt_label' in sample else None
            self.results.append((sample.get('sample_idx'), label, sample['pred_score'].tolist()))

    def compute_metrics(self, results: list) -> dict:
        self._gathered = results
        return {}

    def write(self, dataset: BaseDataset, conditions: dict) -> None:
        """Write the file, in the main process, after the test of ``dataset``.

        Raises:
            ValueError: samples do not carry their place in the data set.
            OSError: the file cannot be written; nothing is left behind.
        """
        rows = self._rows(dataset)
        write = _to_json if self.path.suffix == '.json' else _to_csv
        write_atomic(self.path, write(rows, dataset.metainfo['classes'], conditions))

    def _rows(self, dataset: BaseDataset) -> list[dict]:
        places = [place for place, _, _ in self._gathered]
        # A concatenated data set, say, gives the place in its part.
        if len(places) != len(dataset) or set(places) != set(range(len(dataset))):
            raise ValueError('samples do not carry their place in the data set: PackInputs must keep sample_idx')
        classes = dataset.metainfo['classes']
        return [
            {
                'sample_id': sample_id(dataset, place),
                'true': None if label is None else classes[label],
                'predicted': classes[scores.index(max(scores))],
                'probabilities': {name: round(score, 8) for name, score in zip(classes, scores)},
            }
            for place, label, scores in self._gathered
        ]


def sample_id(dataset: BaseDataset, place: int) -> str:
    """The data set's own name of a sample; else the path of its image; else its place.

    Asked of the data set, and not of the sample, because ``PackInputs`` drops ``sample_id`` unless told.
    """
    info = dataset.get_data_info(place)
    return str(info.get('sample_id') or info.get('img_path') or place)


def _to_json(rows: list[dict], classes: Sequence[str], conditions: dict) -> str:
    """JSON with a line for each sample."""
    head = json.dumps({'conditions': conditions, 'classes': list(classes)}, ensure_ascii=False)
    lines = ',\n'.join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f'{head[:-1]}, "predictions": [\n{lines}\n]}}\n'


def _to_csv(rows: list[dict], classes: Sequence[str], conditions: dict) -> str:
    text = io.StringIO()
    text.write(f'# {json.dumps(conditions, ensure_ascii=False)}\n')
    table = csv.DictWriter(text, [*COLUMNS, *classes], lineterminator='\n')
    table.writeheader()
    for row in rows:
        row = dict(row)
        table.writerow({**row.pop('probabilities'), **row})
    return text.getvalue()


class Predictions(NamedTuple):
    """A file of predictions of N samples and K classes, in the file's order."""

    path: Path
    conditions: dict
    classes: tuple[str, ...]
    ids: tuple[str, ...]  # all different
    labels: np.ndarray  # (N,) int64, index into classes, -1 where there is no label
    predicted: np.ndarray  # (N,) int64, index into classes
    probabilities: np.ndarray  # (N, K) float64


def read_predictions(path: str | Path) -> Predictions:
    """Read what :class:`PredictionFile` writes, .json or .csv.

    Raises:
        ValueError: the file is neither, or is wrong; names file, row and value.
        OSError: it cannot be read.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f'{path}: predictions are read from {", ".join(SUFFIXES)}: test with --out FILE.json')
    try:
        text = path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not text: {error}') from None
    conditions, classes, rows = (_from_json if path.suffix == '.json' else _from_csv)(path, text)
    if not rows:
        raise ValueError(f'{path} holds no predictions')
    seen: dict[str, str] = {}
    for where, row in rows:
        _check_row(where, row, classes)
        if row['sample_id'] in seen:
            raise ValueError(f'{where}: sample_id {row["sample_id"]!r} stands in {seen[row["sample_id"]]} already')
        seen[row['sample_id']] = where
    place = {name: i for i, name in enumerate(classes)}
    return Predictions(
        path, conditions, classes, tuple(seen),
        np.array([-1 if row['true'] is None else place[row['true']] for _, row in rows]),
        np.array([place[row['predicted']] for _, row in rows]),
        np.array([[row['probabilities'][name] for name in classes] for _, row in rows], np.float64))


def _from_json(path: Path, text: str) -> tuple[dict, tuple[str, ...], list[tuple[str, Any]]]:
    """Conditions, classes, and each row with the words for where it stands."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f'{path} is not JSON: {error}') from None
    if isinstance(content, dict) and any(str(key).startswith('accuracy/') for key in content):
        raise ValueError(f'{path} holds metrics, not predictions: test with --out FILE.json and no --out-item')
    for key, kind in (('conditions', dict), ('classes', list), ('predictions', list)):
        if not isinstance(content, dict) or not isinstance(content.get(key), kind):
            raise ValueError(f'{path} is no file of predictions: it has no {key}')
    rows = [(f'{path}, prediction {number}', row) for number, row in enumerate(content['predictions'], 1)]
    return content['conditions'], _check_classes(path, content['classes']), rows


def _from_csv(path: Path, text: str) -> tuple[dict, tuple[str, ...], list[tuple[str, Any]]]:
    first, _, rest = text.partition('\n')
    try:
        conditions = json.loads(first[1:]) if first.startswith('#') else None
    except json.JSONDecodeError:
        conditions = None
    if not isinstance(conditions, dict):
        raise ValueError(f'{path}, line 1 is {first[:40]!r}, expected # and the conditions as JSON')
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
        return cell  # refused with the row


def _check_classes(path: Path, names: list) -> tuple[str, ...]:
    if not all(isinstance(name, str) and name for name in names) or not 1 < len(set(names)) == len(names):
        raise ValueError(f'{path}: classes are {names}, expected two or more different names')
    return tuple(names)


def _check_row(where: str, row: Any, classes: tuple[str, ...]) -> None:
    if not isinstance(row, dict) or not isinstance(row.get('sample_id'), str) or not row['sample_id']:
        raise ValueError(f'{where}: no sample_id in {str(row)[:80]}')
    where = f'{where} ({row["sample_id"]})'
    for key in ('true', 'predicted'):
        if key not in row:
            raise ValueError(f'{where}: no {key!r}')
        if row[key] not in classes and not (key == 'true' and row[key] is None):
            raise ValueError(f'{where}: {key} is {row[key]!r}, which is none of the classes {", ".join(classes)}')
    scores = row.get('probabilities')
    if not isinstance(scores, dict) or set(scores) != set(classes):
        raise ValueError(f'{where}: expected probabilities of {", ".join(classes)}, got {str(scores)[:80]}')
    for name, score in scores.items():
        # float32 may round a little above 1.
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1.00001:
            raise ValueError(f'{where}: the probability of {name} is {score!r}, expected a number from 0 to 1')
    if scores[row['predicted']] < max(scores.values()):
        best = max(scores, key=scores.get)
        raise ValueError(f'{where}: predicted is {row["predicted"]}, but {best} has the highest probability')
