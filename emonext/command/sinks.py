"""What receives the results of ``emonext predict``."""
from __future__ import annotations

import csv
import errno
import io
import json
import os
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from emonext.command.marks import check_target, save_picture
from emonext.command.outputs import DASH, is_input, is_same, whole_file, writing
from emonext.drawing import annotate
from emonext.errors import EmonextError, OutputError, one_line
from emonext.results import Result, columns_of, to_rows
from emonext.sources import PICTURES, Item

SAVED = ('.png', '.jpg', '.jpeg')  # formats of annotated pictures


class Sink:
    """Receiver of results; a context that ends when all of them have been written, also after an interruption."""

    complete = True  # whether all items have been read

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self.complete = kind is None
        self.close()

    def begin(self, item: Item) -> None:
        """Refuse an item, before it is predicted.

        Raises:
            EmonextError: this sink cannot take it.
        """

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Receive the result of a picture or a frame, with its pixels (H, W, 3)."""

    def end(self, item: Item) -> None:
        """Receive the end of an item."""

    def close(self) -> None:
        """Finish all files."""


class TextSink(Sink):
    """A line on stdout for each face in a picture."""

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Print; frames of videos are summarised by :class:`SummarySink`."""
        if result.frame is not None:
            return
        with writing('stdout'):
            for face in result.faces:
                box = ', '.join(f'{side:.0f}' for side in face.box)
                how = '' if face.detected else ', not from a detector'
                print(f'{one_line(result.source)}: {face.label} {100 * face.score:.0f} %, box {box}{how}')
            if not result.faces:
                print(f'{one_line(result.source)}: no face')
            sys.stdout.flush()


class LineSink(Sink):
    """A text file in UTF-8, opened with the first result, of which each line is complete at any time.

    Args:
        path: file, or - for stdout.
        append: whether the file is continued.
    """

    def __init__(self, path: str, append: bool) -> None:
        self.path, self._append = path, append
        self._file: BinaryIO | None = None

    def add(self, text: str) -> None:
        """Write whole lines, or nothing."""
        data = text.encode(errors='backslashreplace')
        with writing(self.path):
            first = self._file is None
            if self._file is None:
                self._file = self._open()
            seekable = self.path != DASH and self._file.seekable()
            begin = self._file.tell() if seekable else 0
            if first and begin == 0:  # else the file that is continued has its header
                data = self.header().encode() + data
            try:
                if self._file.write(data) != len(data):  # as on a full disk
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._file.flush()
            except OSError:
                if seekable:
                    with suppress(OSError):
                        self._file.truncate(begin)
                raise

    def _open(self) -> BinaryIO:
        if self.path == DASH:
            return sys.stdout.buffer
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        if not self._append:
            check_target(self.path, '')  # again: it may be there by now
        return open(self.path, 'ab' if self._append else 'wb', buffering=0)

    def header(self) -> str:
        """First lines of the file."""
        return ''

    def close(self) -> None:
        """Close the file."""
        if self._file is not None and self.path != DASH:
            self._file.close()


class JsonSink(LineSink):
    """JSON lines, one for each picture or frame: :meth:`~emonext.results.Result.to_dict`."""

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Write a line."""
        self.add(json.dumps(result.to_dict(), ensure_ascii=False, allow_nan=False) + '\n')


class CsvSink(LineSink):
    """Table of :func:`~emonext.results.to_rows`."""

    def __init__(self, path: str, classes: tuple[str, ...], append: bool) -> None:
        super().__init__(path, append)
        self._columns = columns_of(classes)

    def header(self) -> str:
        """The names of the columns."""
        return _line(self._columns)

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Write the rows of a picture or a frame."""
        self.add(''.join(_line([row.get(column) for column in self._columns]) for row in to_rows([result])))


def _line(cells: Sequence[Any]) -> str:
    """A row that ends with a line feed alone, for Unix tools; ``csv`` quotes both signs of a line's end by itself."""
    text = io.StringIO()
    csv.writer(text, lineterminator='\r\n').writerow(cells)
    return text.getvalue().removesuffix('\r\n') + '\n'


class PictureSink(Sink):
    """Annotated pictures and frames in a folder, as PNG for pictures that are PNG, else as JPEG."""

    def __init__(self, folder: Path, inputs: Collection[tuple[int, int]] = ()) -> None:
        self.folder, self._inputs = folder, inputs

    def begin(self, item: Item) -> None:
        """Refuse a picture whose result would overwrite another file."""
        if item.kind == 'picture':
            self._target(item.name, None)

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Save a picture under its relative path; a frame with its number."""
        try:
            target = self._target(result.source, result.frame)
            with whole_file(target, result.source) as part:
                save_picture(Image.fromarray(annotate(pixels, result.faces)), part, result.source)
        except OutputError as error:
            if not getattr(error.__cause__, 'errno', None):  # too many pixels for JPEG: the others can go on
                raise EmonextError(str(error)) from None
            raise

    def _target(self, source: str, frame: int | None) -> Path:
        path = Path(source)
        parts = ['_root' if part == path.anchor else '_parent' if part == os.pardir else part for part in path.parts]
        target = self.folder.joinpath(*parts)
        if frame is not None:
            target = target.with_name(f'{target.name}_{frame:06d}.jpg')
        elif path.suffix.lower() not in SAVED or Path(path.stem).suffix.lower() in PICTURES:  # a.bmp.jpg is of a.bmp
            target = target.with_name(f'{target.name}.jpg')
        try:
            if target.is_symlink() or is_input(target, self._inputs) or is_same(target, source):
                raise EmonextError(f'{source}: --save would overwrite {target}, an input or a link')
            check_target(target, source)
        except OSError as error:  # too long a name
            raise EmonextError(f'{source}: --save {target}: {error.strerror}') from None
        return target
