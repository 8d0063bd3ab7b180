"""All faces of one source in columns, and the plain-data file that holds them.

The file is one line of JSON, padded with blanks to a multiple of 64 bytes, and then the raw bytes of the
columns. It is mapped into memory, not read: processes that open the same file share its pages, and a pickled
table is only the file's path. Nothing in it is ever unpickled.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from pathlib import Path

import numpy as np

USAGES = ('Training', 'PublicTest', 'PrivateTest')
SIZE = 48
_FORMAT = 1
_ALIGNMENT = 64
# The 8-byte columns come first, so that every column starts aligned.
_COLUMNS = ('labels', 'rows', 'usages', 'images', 'paths')


class FaceTable:
    """N faces in read-only columns, sorted by usage: the rows of one usage are one contiguous slice.

    Args:
        images: (N, 48, 48) uint8, grey values.
        labels: (N,) int64, index into ``CLASSES``; ``UNLABELLED`` where there is none.
        usages: (N,) uint8, index into ``USAGES``.
        rows: (N,) int64, place in the source (csv: the row, the first one under the header is 0).
        paths: (N,) bytes, UTF-8, path below the source's folder; empty for a csv.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, usages: np.ndarray, rows: np.ndarray,
                 paths: np.ndarray) -> None:
        self.images, self.labels, self.usages, self.rows, self.paths = images, labels, usages, rows, paths
        self._file: tuple[str, dict] | None = None
        for name in _COLUMNS:
            getattr(self, name).setflags(write=False)

    @classmethod
    def sorted_by_usage(cls, images: np.ndarray, labels: np.ndarray, usages: np.ndarray,
                        paths: np.ndarray | None = None) -> FaceTable:
        """The table of faces that come in the source's order, which stays the order within a usage."""
        rows = np.arange(len(images))
        paths = np.zeros(len(images), 'S1') if paths is None else paths
        if (np.diff(usages.astype(int)) < 0).any():
            rows = np.argsort(usages, kind='stable')
            images, labels, usages, paths = images[rows], labels[rows], usages[rows], paths[rows]
        return cls(images, labels.astype(np.int64), usages.astype(np.uint8), rows.astype(np.int64), paths)

    def __len__(self) -> int:
        return len(self.images)

    def usage_slice(self, usage: int) -> slice:
        """Where the faces of one usage stand."""
        return slice(*np.searchsorted(self.usages, [usage, usage + 1]).tolist())

    def save(self, path: Path, key: dict) -> None:
        """Write the table in one step: a reader sees the old file or the whole new one.

        Args:
            path: the file; its folder must exist.
            key: JSON object that names the state of the source; ``open`` must be given the same one.

        Raises:
            OSError: the file cannot be written; nothing is left behind.
        """
        columns = [np.ascontiguousarray(getattr(self, name)) for name in _COLUMNS]
        checksum = 0
        for column in columns:
            checksum = zlib.crc32(column.view(np.uint8), checksum)
        shapes = [[c.dtype.str, c.shape] for c in columns]
        header = json.dumps({'format': _FORMAT, 'source': key, 'columns': shapes, 'crc32': checksum}).encode()
        header = header.ljust(-(-(len(header) + 1) // _ALIGNMENT) * _ALIGNMENT - 1) + b'\n'
        # A name of its own: the ranks of one job may all write at the same moment.
        part = path.with_name(f'.{path.name}.{os.getpid()}-{os.urandom(4).hex()}')
        try:
            with open(part, 'wb') as file:
                file.write(header)
                for column in columns:
                    file.write(column.view(np.uint8))
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def open(cls, path: str | Path, key: dict) -> FaceTable:
        """Map the table that ``save`` wrote.

        Raises:
            OSError: there is no such file, or it cannot be read.
            ValueError: the file is of another source or state (``stale``), cut or damaged.
        """
        with open(path, 'rb') as file:
            header = file.readline(1 << 16)
            fault, shapes, checksum = _parse_header(header, key)
            size = len(header) + sum(_nbytes(dtype, shape) for dtype, shape in shapes)
            if not fault and os.fstat(file.fileno()).st_size != size:
                fault = 'truncated'
            if fault:
                raise ValueError(f'cache {path} is {fault}')
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if zlib.crc32(memoryview(pages)[len(header):]) != checksum:
            raise ValueError(f'cache {path} is corrupt (checksum)')
        columns, offset = {}, len(header)
        for name, (dtype, shape) in zip(_COLUMNS, shapes):
            columns[name] = np.ndarray(shape, dtype, buffer=pages, offset=offset)
            offset += _nbytes(dtype, shape)
        table = cls(**columns)
        table._file = (os.path.abspath(path), key)
        return table

    def __reduce__(self) -> tuple:
        # A worker process opens the file again instead of receiving a copy of every pixel.
        if self._file is not None:
            return FaceTable.open, self._file
        return FaceTable, (self.images, self.labels, self.usages, self.rows, self.paths)

    def __deepcopy__(self, memo: dict) -> FaceTable:
        return self  # read-only: the subsets of a data set share it


def _nbytes(dtype: np.dtype, shape: tuple) -> int:
    return dtype.itemsize * int(np.prod(shape))


def _parse_header(line: bytes, key: dict) -> tuple[str, list[tuple[np.dtype, tuple]], int]:
    """What is wrong with the file, if anything; data type and shape of each column; the checksum of all."""
    try:
        header = json.loads(line)
        if header['format'] != _FORMAT or header['source'] != key:
            return 'stale', [], 0
        shapes = [(np.dtype(dtype), tuple(shape)) for dtype, shape in header['columns']]
        checksum = int(header['crc32'])
        sound = len(shapes) == len(_COLUMNS) and not any(dtype.hasobject for dtype, _ in shapes)
        sound = sound and all(type(n) is int and n >= 0 for _, shape in shapes for n in shape)
    except (ValueError, KeyError, TypeError):
        sound = False
    return ('', shapes, checksum) if sound else ('corrupt (header)', [], 0)
