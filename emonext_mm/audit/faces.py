"""The faces of a folder for an audit: files that cannot be read are listed, not raised one at a time."""
from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from emonext_mm.datasets.readers.cache import load_table
from emonext_mm.datasets.readers.face_table import USAGES, FaceTable
from emonext_mm.datasets.readers.layouts import CsvSource, FolderSource, find_source, read_image

# What augmentation to files leaves: a suffix before the suffix (7.jpg0.jpg), 'copy' or '(2)', a transform's name.
_COPY_NAME = re.compile(
    r'\.(jpe?g|png|webp|bmp)[\W_]*\d*\.\w+$|\(\d+\)\.\w+$|(^|[\W_])(copy|aug|flip|mirror|rot|shift|crop|noise)', re.I
)


class Faces(NamedTuple):
    """All faces of a data root, train first, then val and test."""

    images: np.ndarray  # (N, 48, 48) uint8
    labels: np.ndarray  # (N,) int64
    splits: np.ndarray  # (N,) uint8, places in USAGES
    names: list[str]  # path below the root, or Usage_row
    sources: list[str]  # what was read
    faults: list[str]  # a line for each file that could not be


def read_faces(data_root: str) -> Faces:
    """Read what ``FER2013(data_root)`` would read for its three splits.

    Raises:
        FileNotFoundError: there are no data.
        ValueError: a csv with a wrong line, a folder of an unknown class, no readable image at all.
    """
    sources = [find_source(data_root, usage) for usage in range(len(USAGES))]
    loaded = {source.path: _load(source) for source in {source.path: source for source in sources}.values()}
    parts = [(loaded[source.path][0], usage) for usage, source in enumerate(sources)]
    cut = [(table, table.usage_slice(usage)) for table, usage in parts]
    return Faces(
        images=np.concatenate([table.images[part] for table, part in cut]),
        labels=np.concatenate([table.labels[part] for table, part in cut]),
        splits=np.concatenate([table.usages[part] for table, part in cut]),
        names=[name for table, part in cut for name in _names(table, part)],
        sources=[str(path) for path in loaded],
        faults=[fault for _, faults in loaded.values() for fault in faults],
    )


def looks_like_a_copy(name: str) -> bool:
    """Whether a file's name is one that offline augmentation or a file manager gives to a copy."""
    return _COPY_NAME.search(os.path.basename(name)) is not None


def _load(source: CsvSource | FolderSource) -> tuple[FaceTable, list[str]]:
    try:
        return load_table(source), []
    except ValueError:
        if not isinstance(source, FolderSource):
            raise
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
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
    rows = zip(table.paths[part].tolist(), table.usages[part].tolist(), table.rows[part].tolist())
    return [path.decode() or f'{USAGES[usage]}_{row}' for path, usage, row in rows]
