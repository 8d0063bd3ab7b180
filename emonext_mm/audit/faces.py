"""Read faces for an audit: all files that cannot be read are listed, instead of an error at the first one."""
from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emonext_mm.datasets.readers.cache import load_table
from emonext_mm.datasets.readers.face_table import FaceTable
from emonext_mm.datasets.readers.image_file import image_pool, read_image
from emonext_mm.datasets.readers.image_folder import FolderSource
from emonext_mm.datasets.readers.layouts import CsvSource, find_source
from emonext_mm.datasets.splits import OFFICIAL_NAMES, SPLITS

# Traces of augmentation and of copying: two suffixes (7.jpg0.jpg), 'copy' or '(2)', the name of a transform.
_DUPLICATE_NAME = re.compile(
    r'\.(jpe?g|png|webp|bmp)[\W_]*\d*\.\w+$|\(\d+\)\.\w+$|(^|[\W_])(copy|aug|flip|mirror|rot|shift|crop|noise)', re.I
)


class Faces(NamedTuple):
    """All faces of a data root, train first, then val and test."""

    images: np.ndarray  # (N, 48, 48) uint8
    labels: np.ndarray  # (N,) int64
    splits: np.ndarray  # (N,) uint8, index into SPLITS
    names: list[str]  # path below the root, or <official split>_<row>
    sources: list[str]  # folder and files that were read
    faults: list[str]  # a line for each file that could not be read


def read_faces(data_root: str | Path) -> Faces:
    """Read the faces of ``FER2013(data_root)``, all three splits.

    Raises:
        FileNotFoundError: there are no data.
        ValueError: a csv file has a wrong line, a folder an unknown class, or no image can be read at all.
    """
    sources = {split: find_source(data_root, split) for split in SPLITS}
    loaded = {source.path: _load(source) for source in {source.path: source for source in sources.values()}.values()}
    tables = {split: loaded[source.path][0] for split, source in sources.items()}
    parts = [(table, table.split_slice(split)) for split, table in tables.items()]
    return Faces(
        images=np.concatenate([table.images[part] for table, part in parts]),
        labels=np.concatenate([table.labels[part] for table, part in parts]),
        splits=np.concatenate([table.splits[part] for table, part in parts]),
        names=[name for table, part in parts for name in _names(table, part)],
        sources=[str(path) for path in loaded],
        faults=[fault for _, faults in loaded.values() for fault in faults],
    )


def named_as_duplicate(name: str) -> bool:
    """Return whether a file's name looks like one that augmentation or a file manager gives to a duplicate."""
    return _DUPLICATE_NAME.search(os.path.basename(name)) is not None


def _load(source: CsvSource | FolderSource) -> tuple[FaceTable, list[str]]:
    try:
        return load_table(source), []
    except (ValueError, OSError):
        if not isinstance(source, FolderSource):
            raise
    with image_pool() as pool:
        faults = list(pool.map(lambda file: _fault(os.path.join(source.path, file.path)), source.files))
    source.files = [file for file, fault in zip(source.files, faults) if fault is None]
    return source.read(), [fault for fault in faults if fault is not None]


def _fault(path: str) -> str | None:
    try:
        read_image(path)
    except (ValueError, OSError) as error:
        return str(error)
    return None


def _names(table: FaceTable, part: slice) -> list[str]:
    rows = zip(table.paths[part].tolist(), table.splits[part].tolist(), table.rows[part].tolist())
    return [path.decode() or f'{OFFICIAL_NAMES[SPLITS[split]]}_{row}' for path, split, row in rows]
