"""What receives the results of ``emonext predict``."""
from __future__ import annotations

import csv
import errno
import io
import json
import os
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from emonext.command.outputs import STDOUT, whole_file, writing
from emonext.drawing import annotate, draw_timeline
from emonext.errors import EmonextError, one_line
from emonext.results import Result, columns_of, to_rows
from emonext.sources import Item
from emonext.tracks import Summary
from emonext.video import VideoWriter


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
            begin = self._file.tell() if self.path != STDOUT else 0
            if first and begin == 0:  # else the file that is continued has its header
                data = self.header().encode() + data
            try:
                if self._file.write(data) != len(data):  # as on a full disk
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._file.flush()
            except OSError:
                if self.path != STDOUT:
                    with suppress(OSError):
                        self._file.truncate(begin)
                raise

    def _open(self) -> BinaryIO:
        if self.path == STDOUT:
            return sys.stdout.buffer
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        return open(self.path, 'ab' if self._append else 'wb', buffering=0)

    def header(self) -> str:
        """First lines of the file."""
        return ''

    def close(self) -> None:
        """Close the file."""
        if self._file is not None and self.path != STDOUT:
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
        return self._format([dict(zip(self._columns, self._columns))])

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Write the rows of a picture or a frame."""
        self.add(self._format(to_rows([result])))

    def _format(self, rows: list[dict[str, Any]]) -> str:
        text = io.StringIO()
        csv.DictWriter(text, self._columns, lineterminator='\n').writerows(rows)
        return text.getvalue()


class PictureSink(Sink):
    """Annotated pictures and frames in a folder, as PNG for pictures that are PNG, else as JPEG."""

    def __init__(self, folder: Path, given: Collection[str] = ()) -> None:
        self.folder, self._given = folder, given  # real paths of the inputs

    def begin(self, item: Item) -> None:
        """Refuse a picture that would be overwritten."""
        real = os.path.realpath(self._name(item.name, None))
        if item.kind == 'picture' and (real in self._given or real == os.path.realpath(item.name)):
            raise EmonextError(f'{item.name}: --save {self.folder} would overwrite it or another input')

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Save a picture under its relative path; a frame with its number."""
        name = self._name(result.source, result.frame)
        with whole_file(name) as part:
            Image.fromarray(annotate(pixels, result.faces)).save(part, quality=92)

    def _name(self, source: str, frame: int | None) -> Path:
        path = Path(source)
        parts = ['_root' if part == path.anchor else '_parent' if part == os.pardir else part for part in path.parts]
        name = self.folder.joinpath(*parts)
        if frame is not None:
            return name.with_name(f'{name.name}_{frame:06d}.jpg')
        return name if name.suffix.lower() in ('.png', '.jpg', '.jpeg') else name.with_name(f'{name.name}.jpg')


class OneVideoSink(Sink):
    """What holds a single video."""

    option: str
    path: Path
    _only: Item | None = None

    def begin(self, item: Item) -> None:
        """Refuse a second video."""
        if item.kind in ('video', 'camera'):
            if self._only is not None:
                raise EmonextError(f'{item.name}: {self.option} holds one video, {self._only.name}')
            self._only = item

    def close(self) -> None:
        """Say that there was no video."""
        if self._only is None:
            print(f'{self.option} {self.path} was not written: there was no video', file=sys.stderr)


class VideoSink(OneVideoSink):
    """An annotated video with the sound of the source."""

    option = '--video'

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: VideoWriter | None = None

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Add a frame."""
        if result.frame is None or result.time is None:
            return
        with writing(self.path):
            if self._writer is None:
                self._writer = VideoWriter(self.path, item.content if item.kind == 'video' else None)
            self._writer.write(annotate(pixels, result.faces), result.time)

    def close(self) -> None:
        """Finish the file."""
        super().close()
        if self._writer is not None:
            with writing(self.path):
                self._writer.close(self.complete)


class SummarySink(Sink):
    """The emotions of each person in a video, printed when it ends or is interrupted."""

    def __init__(self) -> None:
        self._summary, self._frames, self._name = Summary(), 0, ''

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Count a frame."""
        if result.frame is not None and result.time is not None:
            self._frames, self._name = self._frames + 1, item.name
            for face in result.faces:
                self._summary.add(face.track or 0, face.label, result.time)

    def end(self, item: Item) -> None:
        """Print the summary of a video."""
        self._print()

    def close(self) -> None:
        """Print the summary of an interrupted video."""
        self._print()

    def _print(self) -> None:
        if self._frames:
            with writing('stdout'):
                print(*describe(one_line(self._name), self._frames, self._summary), sep='\n', flush=True)
        self._summary, self._frames = Summary(), 0


class TimelineSink(OneVideoSink):
    """A picture of the emotions of each person in a video over time."""

    option = '--timeline'

    def __init__(self, path: Path, classes: tuple[str, ...]) -> None:
        self.path, self.classes = path, classes
        self._spans: dict[int, list[tuple[float, str]]] = {}

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Remember the labels of a frame."""
        if result.frame is not None and result.time is not None:
            for face in result.faces:
                self._spans.setdefault(face.track or 0, []).append((result.time, face.label))

    def close(self) -> None:
        """Draw."""
        super().close()
        if self._only is not None:
            with whole_file(self.path) as part:
                draw_timeline(self._spans, self.classes).save(part)


def describe(name: str, frames: int, summary: Summary) -> list[str]:
    """Lines of the summary of a video, the person who is seen longest first."""
    lines = [f'{name}: {_count(frames, "frame")}, {_count(len(summary.tracks), "track")}']
    for track, found in sorted(summary.tracks.items(), key=lambda item: item[1].begin - item[1].end):
        shares = ', '.join(f'{label} {100 * share:.0f} %' for label, share in found.shares().items())
        lines.append(f'  track {track}, {found.begin:.1f} to {found.end:.1f} s: {shares}')
    return lines


def _count(number: int, what: str) -> str:
    return f'{number} {what}{"" if number == 1 else "s"}'
