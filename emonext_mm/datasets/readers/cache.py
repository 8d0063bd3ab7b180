"""Read a source once: its faces are kept in a ``.npy`` file beside it or in the user's cache folder, or in memory.

The digest of the source's state is part of the file's name, so that a changed source does not find its old file.
"""
from __future__ import annotations

import contextlib
import glob
import hashlib
import logging
import os
from pathlib import Path

from mmengine.logging import print_log

from emonext_mm.datasets.readers.face_table import FaceTable
from emonext_mm.datasets.readers.image_folder import FolderSource
from emonext_mm.datasets.readers.layouts import CsvSource

_VERSION = 3  # increase it when the table of an unchanged source changes


def load_table(source: CsvSource | FolderSource) -> FaceTable:
    """Load the faces of a source, mapped from its cache file, which is written first if it is missing.

    A truncated or foreign file is replaced. Where neither the source's folder nor the user's cache folder can be
    written, the faces stay in the memory of the process.

    Raises:
        OSError, ValueError: the source cannot be read, or holds wrong data.
    """
    candidates = _cache_files(source)
    faults = []
    for path in candidates:
        try:
            return FaceTable.open(path)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            faults.append(f'{error}; ')
    print_log(f'{"".join(faults)}reading {source.path}', logger='current', level=logging.INFO)
    return _store(source.read(), candidates)


def _store(table: FaceTable, candidates: list[Path]) -> FaceTable:
    faults = []
    for path in candidates:
        try:
            table.save(path)
            _remove_old(path)
            return FaceTable.open(path)  # mapped, so that other processes can share the pages
        except (OSError, ValueError) as error:
            faults.append(str(error))
    print_log(f'no cache could be written, each process keeps the faces in its own memory ({"; ".join(faults)})',
              logger='current', level=logging.WARNING)
    return table


def _cache_files(source: CsvSource | FolderSource) -> list[Path]:
    """The files that may hold a source's faces, the preferred one first."""
    name = f'{source.name}.emonext_mm-{_digest(f"{_VERSION} {source.state()}")}.npy'
    user = os.environ.get('XDG_CACHE_HOME') or os.path.join(os.path.expanduser('~'), '.cache')
    return [source.folder / name, Path(user) / 'emonext_mm' / f'{_digest(os.path.abspath(source.path))}-{name}']


def _remove_old(path: Path) -> None:
    """Remove the files of former states of the source, and those of former versions of this package."""
    stem = path.name.rpartition('-')[0]
    stale = set(path.parent.glob(f'{glob.escape(stem)}-*.npy')) - {path}
    for old in (*stale, *path.parent.glob('*.emonext_mm.cache')):
        with contextlib.suppress(OSError):  # Windows keeps a file that is mapped
            old.unlink()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
