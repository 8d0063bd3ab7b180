"""Files of predictions."""
from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from emonext_mm.apis.compare import compare
from tests.strangers.campaign import Kind
from tests.strangers.wild import CHANGES, EDITS, SCALARS, Change, Edit, change, damage

CLASSES = ['sad', 'happy']
ARGUMENTS = ('data_root', 'split', 'num_samples', 'data_prefix', 'ann_file', 'indices', 'classes')
DATASETS = st.fixed_dictionaries(
    {'type': st.sampled_from(['FER2013', 'SyntheticFER', 'CustomDataset', 'MNIST', 'builtins.print'])},
    optional={key: SCALARS | st.sampled_from(['train', '/proc/self', 5, 10**9]) for key in ARGUMENTS})


class Case(NamedTuple):
    name: str
    dataset: Any
    changes: list[Change]
    edits: list[Edit]


CASES = st.builds(Case, st.sampled_from(['a.json', 'a.csv', 'a.json.gz']), DATASETS, CHANGES, EDITS | st.just([]))


def content(shift: float, dataset: Any) -> dict:
    rows = [{'sample_id': f'val_{i}', 'true': CLASSES[i % 2], 'predicted': 'happy',
             'probabilities': {'sad': 0.25 - shift, 'happy': 0.75 + shift}} for i in range(5)]
    return {'conditions': {'config': 'it', 'weights': 'EMA', 'views': 1, 'dataset': dataset}, 'classes': CLASSES,
            'predictions': rows}


def to_csv(value: dict) -> bytes:
    """As far as the value still has the form of predictions."""
    text = io.StringIO()
    text.write(f'# {json.dumps(value.get("conditions"))}\n')
    table = csv.writer(text)
    table.writerow(['sample_id', 'true', 'predicted', *CLASSES])
    rows = value.get('predictions')
    for row in rows if isinstance(rows, list) else []:
        cells = list(row.values()) if isinstance(row, dict) else [row]
        scores = cells[3:]
        if scores and isinstance(scores[0], dict):
            scores = scores[0].values()
        table.writerow([*cells[:3], *scores])
    return text.getvalue().encode('utf-8', 'surrogatepass')


def write(case: Case, folder: Path) -> None:
    changed = change(content(0, case.dataset), case.changes)
    as_csv = case.name.endswith('.csv') and isinstance(changed, dict)
    data = damage(to_csv(changed) if as_csv else json.dumps(changed).encode(), case.edits)
    (folder / case.name).write_bytes(gzip.compress(data) if case.name.endswith('.gz') else data)
    (folder / 'b.json').write_text(json.dumps(content(0.1, None)))


def read(case: Case, folder: Path) -> None:
    compare([folder / case.name, folder / 'b.json']).text.encode()


KIND = Kind(CASES, write, read)
