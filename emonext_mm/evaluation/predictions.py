"""What a model said of every image, in a file that a person and a spreadsheet can read."""
from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric

SUFFIXES = ('.json', '.csv')


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


def write_atomic(path: str | Path, content: str | bytes) -> None:
    """Write a file whole or not at all, and make its folder.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.{os.getpid()}')
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _to_json(rows: list[dict], classes: Sequence[str], conditions: dict) -> str:
    """JSON with a line for each sample."""
    head = json.dumps({'conditions': conditions, 'classes': list(classes)}, ensure_ascii=False)
    lines = ',\n'.join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f'{head[:-1]}, "predictions": [\n{lines}\n]}}\n'


def _to_csv(rows: list[dict], classes: Sequence[str], conditions: dict) -> str:
    text = io.StringIO()
    text.write(f'# {json.dumps(conditions, ensure_ascii=False)}\n')
    table = csv.DictWriter(text, ['sample_id', 'true', 'predicted', *classes], lineterminator='\n')
    table.writeheader()
    for row in rows:
        row = dict(row)
        table.writerow({**row.pop('probabilities'), **row})
    return text.getvalue()
