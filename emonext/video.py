"""Reading videos, with PyAV (FFmpeg)."""
from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from emonext.errors import EmonextError
from emonext.files import check_file

# Formats of FFmpeg that hold their own data; a playlist would name other files.
FORMATS = ('mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,asf,ogg,flv,yuv4mpegpipe,gif,m4v,h264,hevc,'
           'rawvideo')
RESTART = 1.0  # seconds by which times fall where they begin again; less is disorder
FRAME_RATE = 25  # of a file that does not tell it
COMPLETE = 0.9  # part of the duration that an MP4 file tells of; some tell of a little too much


@dataclass(frozen=True)
class Frame:
    """Frame of a video: its number, its time in seconds, and its pixels (H, W, 3) uint8 RGB, upright."""

    number: int
    time: float
    pixels: np.ndarray


class Video:
    """A video file or a camera.

    Args:
        path: file, or the number of a camera.
        max_pixels: largest number of pixels of a frame.
        every: only each ``every``-th frame is read.

    Raises:
        EmonextError: the file or the camera cannot be opened, or has no pictures that can be decoded.
    """

    def __init__(self, path: str | Path | int, max_pixels: int, every: int = 1) -> None:
        self.name = f'camera {path}' if isinstance(path, int) else str(path)
        self.max_pixels, self.every = max_pixels, every
        self.container = _open_camera(path, self.name) if isinstance(path, int) else open_video(path)
        try:
            self.stream = next(iter(self.container.streams.video), None)
            if self.stream is None:
                raise EmonextError(f'{self.name}: no video stream')
            if self.stream.codec_context is None:
                raise EmonextError(f'{self.name}: no decoder for its video')
            self.stream.thread_type = 'AUTO'
            self._check_size(self.stream.width, self.stream.height)
        except EmonextError:
            self.container.close()
            raise

    def __iter__(self) -> Iterator[Frame]:
        """The frames in order. Times begin at 0 and never fall, also where those in the file begin again.

        Raises:
            EmonextError: a frame is too large; the file is damaged; an MP4 or MOV file is cut. The frames before have
                been given.
        """
        with ffmpeg_errors(self.name), self.container:
            step = float(1 / (self.stream.average_rate or self.stream.guessed_rate or FRAME_RATE))
            clock, seconds = Clock(), 0.0  # length of what has been read
            for number, frame in enumerate(self.container.decode(self.stream)):
                time = clock(frame.time, step)
                seconds = time + (float(frame.duration * frame.time_base) if frame.duration else step)
                if number % self.every == 0:
                    yield Frame(number, time, self._upright(frame))
            self._check_complete(seconds)

    def _upright(self, frame: Any) -> np.ndarray:
        """Pixels of a frame, made square, and turned and mirrored by its display matrix, as telephones store it."""
        width = max(1, round(frame.width * (self.stream.sample_aspect_ratio or 1)))
        self._check_size(width, frame.height)
        pixels = frame.to_ndarray(format='rgb24')
        if width != frame.width:
            pixels = np.asarray(Image.fromarray(pixels).resize((width, frame.height), Image.Resampling.BILINEAR))
        return np.ascontiguousarray(_displayed(pixels, frame))

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self.max_pixels:
            raise EmonextError(f'{self.name}: frames of {width} x {height} px, more than {self.max_pixels:,} pixels; '
                               'raise the limit (max_pixels, --max-pixels)')

    def _check_complete(self, seconds: float) -> None:
        """Refuse an MP4 file that ends before the duration in its index, which takes no account of what was cut."""
        told = float((self.stream.duration or 0) * self.stream.time_base)
        if 'mp4' in self.container.format.name and seconds < COMPLETE * told:
            raise EmonextError(f'{self.name}: it ends after {seconds:.1f} of {told:.1f} seconds')


def _displayed(pixels: np.ndarray, frame: Any) -> np.ndarray:
    """Pixels (H, W, 3) after the display matrix of their frame, which maps (x, y) to (ax + cy, bx + dy).

    Angles between are brought to the nearest right one.
    """
    from av.sidedata.sidedata import Type

    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return pixels
    a, b, _, c, d, *_ = np.frombuffer(matrix, np.int32).astype(int)
    if abs(b) + abs(c) > abs(a) + abs(d):
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    return pixels[::-1 if d < 0 else 1, ::-1 if a < 0 else 1]


class Clock:
    """Times in seconds that never fall, from those of a stream, which may be missing or begin again.

    Args:
        start: time of the stream that becomes 0; None for the first one.

    Attributes:
        start: what is taken off the times of the stream.
    """

    def __init__(self, start: float | None = None) -> None:
        self.start, self._last = start, None

    def __call__(self, time: float | None, step: float) -> float:
        """Time of the next frame or packet; ``step`` is the usual distance to the one before it."""
        after = 0.0 if self._last is None else self._last + step
        if time is None:
            time = after + (self.start or 0.0)
        if self.start is None or (self._last is not None and time - self.start < self._last - RESTART):
            self.start = time - after
        time -= self.start
        self._last = time if self._last is None else max(time, self._last)
        return self._last


def read_comment(path: str | Path) -> str | None:
    """The comment in the metadata of a video.

    Raises:
        EmonextError: the file cannot be read.
    """
    with open_video(path) as container:
        return container.metadata.get('comment')


def open_video(path: str | Path) -> Any:
    """Open a local file in one of the formats of videos, which cannot name other files."""
    import av

    check_file(path, str(path))
    with ffmpeg_errors(str(path)):
        return av.open(f'file:{path}', options={'protocol_whitelist': 'file', 'format_whitelist': FORMATS})


def _open_camera(number: int, name: str) -> Any:
    import av

    if sys.platform not in ('linux', 'darwin'):
        raise EmonextError(f'{name}: cameras are read on Linux and macOS')
    with ffmpeg_errors(name):
        if sys.platform == 'darwin':
            return av.open(str(number), format='avfoundation')
        return av.open(f'/dev/video{number}', format='v4l2')


@contextmanager
def ffmpeg_errors(name: str) -> Iterator[None]:
    """FFmpeg's errors in one line."""
    import av

    try:
        yield
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, EmonextError):
            raise
        raise EmonextError(f'{name}: {getattr(error, "strerror", None) or error}') from None
