"""Read a source once: its faces are kept in a file beside it, or in the user's cache, or in memory."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from mmengine.logging import print_log

from emonext_mm.datasets.readers.face_table import FaceTable
from emonext_mm.datasets.readers.layouts import CsvSource, FolderSource


def load_table(source: CsvSource | FolderSource) -> FaceTable:
    """The faces of a source, mapped from a cache file that is made first if need be.

    A cache that is stale, cut or damaged is made anew. Where neither the source's folder nor the user's cache
    folder can be written, the faces stay in the memory of the process.
    """
    key = source.key()
    places = _cache_files(source)
    faults = []
    for place in places:
        try:
            return FaceTable.open(place, key)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            faults.append(f'{error}; ')
    print_log(f'{"".join(faults)}reading {source.path}', logger='current', level=logging.INFO)
    return _store(source.read(), places, key)


def _store(table: FaceTable, places: list[Path], key: dict) -> FaceTable:
    faults = []
    for place in places:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            table.save(place, key)
            return FaceTable.open(place, key)  # mapped, so that other processes can share the pages
        except (OSError, ValueError) as error:
            faults.append(str(error))
    print_log(f'no cache could be written, each process keeps its own copy ({"; ".join(faults)})',
              logger='current', level=logging.WARNING)
    return table


def _cache_files(source: CsvSource | FolderSource) -> list[Path]:
    """Where a source's cache may lie, the best place first."""
    user = os.environ.get('XDG_CACHE_HOME') or os.path.join(os.path.expanduser('~'), '.cache')
    digest = hashlib.sha256(os.path.abspath(source.path).encode()).hexdigest()[:16]
    return [source.folder / source.cache_name, Path(user) / 'emonext_mm' / f'{digest}-{source.cache_name}']
