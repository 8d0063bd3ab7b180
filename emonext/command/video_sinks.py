"""What receives the results of videos."""
from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from emonext.command.marks import mark_of, save_picture
from emonext.command.outputs import whole_file, writing
from emonext.command.sinks import Sink
from emonext.drawing import annotate, draw_timeline
from emonext.errors import EmonextError, one_line
from emonext.results import Result
from emonext.sources import Item
from emonext.tracks import Summary
from emonext.video_writer import VideoWriter


class OneVideoSink(Sink):
    """What holds a single video."""

    option: str
    path: Path
    _only: Item | None = None

    def begin(self, item: Item) -> None:
        """Refuse a second video."""
        if item.kind in ('video', 'camera') and self._only is not None:
            raise EmonextError(f'{item.name}: {self.option} holds one video, {self._only.name}')

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Receive a frame; pictures are left out."""
        if result.time is not None:
            self._only = item
            self.add(pixels, result, result.time)

    def add(self, pixels: np.ndarray, result: Result, time: float) -> None:
        """Receive a frame at a time in seconds."""

    def close(self) -> None:
        """Say that there was no video."""
        if self._only is None:
            print(f'{self.option} {self.path} was not written: there was no video', file=sys.stderr)


class VideoSink(OneVideoSink):
    """An annotated video with the sound of the source."""

    option = '--video'

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file, self._writer = ExitStack(), None

    def add(self, pixels: np.ndarray, result: Result, time: float) -> None:
        """Write a frame."""
        with writing(self.path):
            if self._writer is None:
                source = self._only.content if self._only.kind == 'video' else None
                part = self._file.enter_context(whole_file(self.path, ''))
                self._writer = VideoWriter(part, source, mark_of(''))
            self._writer.write(annotate(pixels, result.faces), time)

    def close(self) -> None:
        """Finish the file."""
        super().close()
        if self._writer is not None:
            with self._file, writing(self.path):
                self._writer.close(self.complete)


class SummarySink(Sink):
    """The emotions of each person in a video, printed when it ends or is interrupted."""

    def __init__(self) -> None:
        self._summary, self._frames, self._name = Summary(), 0, ''

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Count a frame."""
        if result.time is not None:
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

    def add(self, pixels: np.ndarray, result: Result, time: float) -> None:
        """Remember the labels of a frame."""
        for face in result.faces:
            self._spans.setdefault(face.track or 0, []).append((time, face.label))

    def close(self) -> None:
        """Draw."""
        super().close()
        if self._only is not None:
            with whole_file(self.path, '') as part:
                save_picture(draw_timeline(self._spans, self.classes), part, '')


def describe(name: str, frames: int, summary: Summary) -> list[str]:
    """Lines of the summary of a video, the person who is seen longest first."""
    lines = [f'{name}: {_count(frames, "frame")}, {_count(len(summary.tracks), "track")}']
    for track, found in sorted(summary.tracks.items(), key=lambda item: item[1].begin - item[1].end):
        shares = ', '.join(f'{label} {100 * share:.0f} %' for label, share in found.shares().items())
        lines.append(f'  track {track}, {found.begin:.1f} to {found.end:.1f} s: {shares}')
    return lines


def _count(number: int, what: str) -> str:
    return f'{number} {what}{"" if number == 1 else "s"}'
