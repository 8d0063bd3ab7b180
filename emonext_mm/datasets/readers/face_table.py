"""All faces of one source: an array of records, in memory or mapped from a ``.npy`` file."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from emonext_mm.datasets.splits import SPLITS
from emonext_mm.emotions import CLASSES, UNLABELLED
from emonext_mm.utils.files import atomic_file

SIZE = 48  # pixels, the side of the faces of FER2013


class FaceTable:
    """N faces, sorted by split, so that the faces of one split are one slice. All arrays are read-only.

    Processes that open the same file share its pages in memory. Pickling a table that was opened stores only the path
    of its file; a deep copy is the table itself.

    Attributes:
        images: (N, S, S) uint8, grey values; S is 48 unless another size was asked for.
        labels: (N,) int64, index into ``CLASSES``; ``UNLABELLED`` where there is none.
        splits: (N,) uint8, index into ``SPLITS``.
        rows: (N,) int64, index in the source (csv: 0 is the row under the header).
        paths: (N,) bytes, UTF-8, path below the source's folder; empty for a csv.

    Args:
        records: (N,) with these five fields.
        path: the file that the records are mapped from, if any.
    """

    def __init__(self, records: np.ndarray, path: Path | None = None) -> None:
        records.setflags(write=False)
        self._records, self._path = records, path
        self.images, self.labels, self.splits = records['images'], records['labels'], records['splits']
        self.rows, self.paths = records['rows'], records['paths']

    @classmethod
    def sorted_by_split(cls, images: np.ndarray, labels: np.ndarray, splits: np.ndarray,
                        paths: np.ndarray | None = None) -> FaceTable:
        """Make a table of faces; within a split they keep the order of their source."""
        paths = np.zeros(len(images), 'S1') if paths is None else paths
        records = np.empty(len(images), _record_type(images.shape[1], paths.dtype))
        rows = np.argsort(splits, kind='stable')
        for name, column in (('labels', labels), ('splits', splits), ('paths', paths)):
            records[name] = column[rows]
        records['rows'] = rows
        pixels = records['images']
        for index, row in enumerate(rows):  # images[rows] would take the memory of all pixels once more
            pixels[index] = images[row]
        return cls(records)

    def __len__(self) -> int:
        return len(self._records)

    def split_slice(self, split: str) -> slice:
        """The slice of the faces of a split; empty where there are none."""
        index = SPLITS.index(split)
        return slice(*np.searchsorted(self.splits, [index, index + 1]).tolist())

    def save(self, path: Path) -> None:
        """Write the records as ``.npy``, the whole file or nothing.

        Raises:
            OSError: the file cannot be written; nothing is left behind.
        """
        with atomic_file(path) as file:
            np.save(file, self._records, allow_pickle=False)

    @classmethod
    def open(cls, path: Path) -> FaceTable:
        """Map a file that :meth:`save` wrote. Nothing in it is unpickled.

        Raises:
            OSError: there is no such file, or it cannot be read.
            ValueError: the file is truncated, or holds something else, or values that no table has.
        """
        try:
            records = np.load(path, mmap_mode='r', allow_pickle=False)
            side = records.dtype['images'].shape[0]
            sound = records.ndim == 1 and records.dtype == _record_type(side, records.dtype['paths'])
        except OSError:
            raise
        except Exception as error:  # on a foreign header NumPy and its parser raise almost anything
            raise ValueError(f'{path} is damaged: {error}') from None
        if not sound:
            raise ValueError(f'{path} holds no faces, but {records.dtype} of shape {records.shape}')
        table = cls(np.asarray(records), path)
        fault = table._fault()
        if fault:
            raise ValueError(f'{path} is damaged: {fault}')
        return table

    def _fault(self) -> str | None:
        """What no table made by :meth:`sorted_by_split` has; None if there is nothing."""
        for name, column, low, high in (('labels', self.labels, UNLABELLED, len(CLASSES)),
                                        ('splits', self.splits, 0, len(SPLITS)), ('rows', self.rows, 0, len(self))):
            wrong = column[(column < low) | (column >= high)]
            if len(wrong):
                return f'{name} of {low} to {high - 1} expected, found {wrong[0]}'
        return 'its faces are not sorted by split' if (self.splits[1:] < self.splits[:-1]).any() else None

    def __reduce__(self) -> tuple:
        if self._path is not None:
            return FaceTable.open, (self._path,)
        return FaceTable, (self._records,)

    def __deepcopy__(self, memo: dict) -> FaceTable:
        return self


def _record_type(side: int, paths: np.dtype) -> np.dtype:
    return np.dtype([('images', np.uint8, (side, side)), ('labels', np.int64), ('splits', np.uint8),
                     ('rows', np.int64), ('paths', paths)])
