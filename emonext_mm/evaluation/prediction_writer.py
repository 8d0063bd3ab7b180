"""Predictions of a test, gathered from all processes and written to a JSON or csv file."""
from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from torch.utils.data import DataLoader

from emonext_mm.evaluation.predictions import COLUMNS, SUFFIXES
from emonext_mm.utils.files import write_atomic
from emonext_mm.utils.samples import sample_ids

_NO_INDEX = 'samples do not carry their index in the data set: PackInputs must keep sample_idx'


class PredictionFile(BaseMetric):
    """Gather the predictions of a test; :meth:`write` writes them to a file after the test.

    It is a metric of the evaluator, without a value, since MMEngine gathers the results of metrics from all
    processes. A .json file reads ::

        {"conditions": {...},
         "classes": ["angry", ...],
         "predictions": [
        {"sample_id": "test_0", "true": "angry", "predicted": "sad", "probabilities": {"angry": 0.21, ...}},
        ...

    The first line of a .csv file is # and the conditions in JSON; the columns are sample_id, true, predicted and one
    for each class. ``true`` is null (in a .csv file: empty) for a sample without a label.

    Args:
        path: .json or .csv file.
        **kwargs: ``collect_device`` and ``collect_dir`` of MMEngine's ``BaseMetric``.

    Raises:
        ValueError: ``path`` ends neither in .json nor in .csv.
    """

    default_prefix = 'predictions'  # unused; without it MMEngine warns

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

    def check(self, loader: DataLoader) -> None:
        """Check before a test that each prediction can be assigned to its image.

        Raises:
            ValueError: the samples do not carry ``sample_idx``, or those of a ``ConcatDataset`` or another wrapper,
                where ``sample_idx`` is the index within a part, would come in random order.
        """
        dataset = loader.dataset
        last = len(dataset) - 1
        samples = dataset[last]['data_samples']
        index = (samples[0] if isinstance(samples, (list, tuple)) else samples).get('sample_idx')
        if index is None:
            raise ValueError(_NO_INDEX)
        if index != last and getattr(loader.sampler, 'shuffle', False):
            raise ValueError(f'the samples of {type(dataset).__name__} carry their index within a part, so that only '
                             'their order tells them apart: set test_dataloader.sampler.shuffle=False')

    def write(self, dataset: BaseDataset, conditions: dict) -> None:
        """Write the file; call this in the main process, after the test of ``dataset``.

        Raises:
            ValueError: samples do not carry their index in the data set.
            OSError: the file cannot be written; nothing is left behind.
        """
        rows = self._rows(dataset)
        write = _to_json if self.path.suffix == '.json' else _to_csv
        write_atomic(self.path, write(rows, dataset.metainfo['classes'], conditions))

    def _rows(self, dataset: BaseDataset) -> list[dict]:
        classes = dataset.metainfo['classes']
        names = sample_ids(dataset)
        return [
            {
                'sample_id': names[index],
                'true': None if label is None else classes[label],
                'predicted': classes[scores.index(max(scores))],
                'probabilities': {name: round(score, 8) for name, score in zip(classes, scores)},
            }
            for index, (_, label, scores) in zip(self._indices(dataset), self._gathered)
        ]

    def _indices(self, dataset: BaseDataset) -> Sequence[int]:
        """Index in the data set of each gathered sample."""
        carried = [index for index, _, _ in self._gathered]
        if len(carried) == len(dataset) and set(carried) == set(range(len(dataset))):
            return carried
        # Parts of a wrapper number their samples from 0. In the order of the data set, the position is the index.
        if None not in carried and carried == [dataset.get_data_info(i).get('sample_idx') for i in range(len(dataset))]:
            return range(len(dataset))
        raise ValueError(_NO_INDEX)


def _to_json(rows: list[dict], classes: Sequence[str], conditions: dict) -> str:
    """JSON, one line for each sample."""
    head = json.dumps({'conditions': conditions, 'classes': list(classes)}, ensure_ascii=False,
                      allow_nan=False)
    lines = ',\n'.join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    return f'{head[:-1]}, "predictions": [\n{lines}\n]}}\n'


def _to_csv(rows: list[dict], classes: Sequence[str], conditions: dict) -> str:
    text = io.StringIO()
    text.write(f'# {json.dumps(conditions, ensure_ascii=False, allow_nan=False)}\n')
    table = csv.writer(text, lineterminator='\n')
    table.writerow([*COLUMNS, *classes])  # lists, since a class may have the name of a column
    table.writerows([*(row[column] for column in COLUMNS), *(row['probabilities'][name] for name in classes)]
                    for row in rows)
    return text.getvalue()
