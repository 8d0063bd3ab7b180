"""Csv files of faces and of FER+ votes."""
from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from emonext_mm.datasets.fer2013 import FER2013
from emonext_mm.datasets.readers.face_table import FaceTable
from tests.helpers.fer2013_files import csv_rows, make_faces, write_lines, write_votes
from tests.strangers.campaign import Kind
from tests.strangers.wild import EDITS, TEXTS, Edit, damage

FACES = make_faces(7)
ROWS = csv_rows(FACES)
HEADERS = ['emotion,pixels,Usage', 'emotion, Usage, pixels', 'emotion,pixels', 'pixels', 'Usage,pixels,pixels',
           'path,label', '\ufeffEmotion,"Pixels",usage', '']


class Case(NamedTuple):
    """Names and contents of one or two csv files, and the arguments of the data set."""

    names: list[str]
    header: str
    cells: list[tuple[int, int, str]]  # row, column, text
    edits: list[Edit]
    votes: list[Edit] | None
    packed: bool
    split: str
    options: dict[str, Any]
    by_path: bool


CASES = st.builds(
    Case, names=st.lists(st.sampled_from(['fer2013.csv', 'icml_face_data.csv', 'train.csv', 'val.csv', 'test.csv',
                                          'Valid.CSV', 'x/fer2013.csv']), min_size=1, max_size=2),
    header=st.sampled_from(HEADERS[:3]) | st.sampled_from(HEADERS),
    cells=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2), TEXTS), max_size=2),
    edits=EDITS, votes=st.none() | EDITS, packed=st.sampled_from([False] * 9 + [True]),
    split=st.sampled_from(['train', 'val', 'test']),
    options=st.fixed_dictionaries({}, optional=dict(
        ferplus=st.sampled_from(['soft', 'majority']), hold_out=st.sampled_from([0, 0.3]), drop_leaked=st.booleans())),
    by_path=st.booleans())


def write(case: Case, folder: Path) -> None:
    order = [name.strip().lower() for name in case.header.split(',')]
    columns = {'emotion': 0, 'pixels': 1, 'usage': 2}
    rows = [[row[columns.get(name.strip('\ufeff"'), 0)] for name in order] for row in ROWS]
    for row, column, text in case.cells:
        rows[row][column % len(order)] = text
    lines = '\n'.join([case.header, *(','.join(row) for row in rows)]).encode('utf-8', 'surrogatepass')
    content = damage(lines, case.edits)
    for name in case.names:
        path = folder / 'data' / name
        write_lines(path, '', [])
        path.write_bytes(gzip.compress(content) if case.packed else content)
    if case.votes is not None:
        path = write_votes(folder / 'data', FACES.splits, [{'happiness': 6}] * len(FACES.labels))
        path.write_bytes(damage(path.read_bytes(), case.votes))


def read(case: Case, folder: Path) -> None:
    root = folder / 'data' / case.names[0] if case.by_path else folder / 'data'
    dataset = FER2013(str(root), split=case.split, **case.options)
    assert len([sample['img'] for sample in dataset]) == len(dataset.images) > 0


def is_cache(path: str, refused: bool) -> bool:
    """A whole cache. It may be written although the data lack the split that was asked for."""
    return path.endswith('.npy') and len(FaceTable.open(Path(path))) > 0


KIND = Kind(CASES, write, read, is_cache)
