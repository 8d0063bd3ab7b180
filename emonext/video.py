"""Reading and writing videos, with PyAV (FFmpeg)."""
from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from emonext.errors import EmonextError

# Formats of FFmpeg that hold their own data; a playlist would name other files.
FORMATS = ('mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,asf,ogg,flv,yuv4mpegpipe,gif,m4v,h264,hevc,'
           'rawvideo')
RESTART = 1.0  # seconds by which times fall where they begin again; less is disorder
PRIMING = 0.1  # seconds that an encoder of sound may begin before the picture
COMPLETE = 0.9  # part of the frames that an MP4 file tells of; some tell of a few too many
COPIED = {'aac', 'ac3', 'alac', 'eac3', 'flac', 'mp3', 'opus'}  # sound that MP4 holds


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
        EmonextError: the file or the camera cannot be opened, or has no pictures.
    """

    def __init__(self, path: str | Path | int, max_pixels: int, every: int = 1) -> None:
        import av

        self.name = f'camera {path}' if isinstance(path, int) else str(path)
        self.every = every
        with _errors(self.name):
            self.container = av.open(**_camera(path) if isinstance(path, int) else _file(path))
        try:
            if not self.container.streams.video:
                raise EmonextError(f'{self.name}: no video stream')
            self.stream = self.container.streams.video[0]
            self.stream.thread_type = 'AUTO'
            if self.stream.width * self.stream.height > max_pixels:
                raise EmonextError(f'{self.name}: frames of {self.stream.width} x {self.stream.height} px, more than '
                                   f'{max_pixels:,} pixels; raise the limit (max_pixels, --max-pixels)')
        except EmonextError:
            self.container.close()
            raise

    def __iter__(self) -> Iterator[Frame]:
        """The frames in order. Times begin at 0 and never fall, also where those in the file begin again.

        Raises:
            EmonextError: the file is damaged or cut; the frames before the damage have been given.
        """
        with _errors(self.name), self.container:
            rate = float(self.stream.average_rate or self.stream.guessed_rate or 25)
            start, last, number = None, 0.0, -1
            for number, frame in enumerate(self.container.decode(self.stream)):
                time = number / rate if frame.time is None else frame.time
                if start is None:
                    start = time
                if time - start < last - RESTART:
                    start = time - last - 1 / rate
                last = max(last, time - start)
                if number % self.every == 0:
                    yield Frame(number, last, _upright(frame, self.stream.sample_aspect_ratio or 1))
            if 'mp4' in self.container.format.name and number + 1 < COMPLETE * self.stream.frames:
                raise EmonextError(f'{self.name}: it ends after {number + 1} of {self.stream.frames} frames')


class VideoWriter:
    """MP4 file with the pictures of :meth:`write` and the sound of another file.

    The sound is copied, or encoded again as AAC if MP4 cannot hold it.

    Args:
        path: .mp4 file. It takes its name in :meth:`close`.
        source: video whose sound is kept, and whose frame rate tells how long the last frame is shown; None for none.

    Raises:
        EmonextError: the file cannot be written.
    """

    TICKS = 90_000  # of a second

    def __init__(self, path: str | Path, source: str | Path | None) -> None:
        import av

        self.path = Path(path)
        self._part = self.path.with_name(f'.{self.path.name}.part.mp4')
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._source = av.open(**_file(source)) if source is not None else None
        rate = (self._source.streams.video[0].average_rate if self._source else None) or Fraction(30)
        with _errors(str(path)):
            self.container = av.open(f'file:{self._part}', 'w', options={'movflags': 'faststart'})
            self.stream = self.container.add_stream('libx264', rate=rate, options={'crf': '20', 'preset': 'veryfast'})
        self.stream.pix_fmt = 'yuv420p'
        self.stream.codec_context.time_base = Fraction(1, self.TICKS)
        self._sound = _sound(source, self._source, self.container)
        self._next = next(self._sound, None)
        self._last = -1

    def write(self, pixels: np.ndarray, time: float) -> None:
        """Add a picture (H, W, 3) uint8 RGB at a time in seconds.

        The first one decides the size; others are fitted into it, with black borders.
        """
        import av

        if self._last < 0:  # yuv420p halves both sides
            self.stream.height, self.stream.width = (side - side % 2 or 2 for side in pixels.shape[:2])
            self._size = pixels.shape[1::-1]
        if pixels.shape[1::-1] != self._size:
            pixels = np.asarray(ImageOps.pad(Image.fromarray(pixels), self._size))
        pixels = np.ascontiguousarray(pixels[:self.stream.height, :self.stream.width])
        frame = av.VideoFrame.from_ndarray(pixels, 'rgb24')
        self._last = max(self._last + 1, round(time * self.TICKS))
        frame.pts, frame.time_base = self._last, Fraction(1, self.TICKS)
        with _errors(str(self.path)):
            self.container.mux(self.stream.encode(frame))
            self._add_sound(time)

    def close(self, complete: bool = True) -> None:
        """Finish the file, with the whole sound, or that of the frames alone if it is not complete."""
        try:
            with _errors(str(self.path)):
                if self._last >= 0:
                    self.container.mux(self.stream.encode())
                    self._add_sound(float('inf') if complete else self._last / self.TICKS)
                self.container.close()
                if self._last >= 0:
                    self._part.replace(self.path)
        finally:
            self._sound.close()
            if self._source is not None:
                self._source.close()
            self._part.unlink(missing_ok=True)

    def _add_sound(self, time: float) -> None:
        """Add the sound up to a time, so that players find both streams side by side."""
        while self._next is not None and float(self._next.dts * self._next.time_base) <= time:
            packet, self._next = self._next, None  # taken out first, because either call can fail
            self.container.mux(packet)
            self._next = next(self._sound, None)


def _sound(path: str | Path | None, source: Any, target: Any) -> Iterator[Any]:
    """Packets of the first sound of a file for another one, at times from that of the first picture."""
    if source is None or not source.streams.audio:
        return
    stream = source.streams.audio[0]
    start = _start(path)
    if stream.codec_context.name in COPIED:
        copied = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if None not in (packet.dts, packet.pts) and float(packet.dts * packet.time_base) >= start - PRIMING:
                shift = round(start / packet.time_base)
                packet.dts, packet.pts = packet.dts - shift, packet.pts - shift
                packet.stream = copied
                yield packet
        return
    encoded = target.add_stream('aac', rate=stream.rate or 48_000)
    for frame in source.decode(stream):
        if frame.time >= start:
            frame.pts -= round(start / frame.time_base)
            yield from encoded.encode(frame)
    yield from encoded.encode(None)


def _start(path: str | Path) -> float:
    """Time of the first picture of a file, in seconds."""
    import av

    with av.open(**_file(path)) as container:
        return next((frame.time or 0.0 for frame in container.decode(video=0)), 0.0)


def _file(path: str | Path) -> dict[str, Any]:
    """Arguments for FFmpeg: a local file in one of the formats of videos, which cannot name other files."""
    return dict(file=f'file:{path}', options={'protocol_whitelist': 'file', 'format_whitelist': FORMATS})


def _camera(number: int) -> dict[str, Any]:
    """Arguments for FFmpeg."""
    if sys.platform == 'darwin':
        return dict(file=str(number), format='avfoundation')
    if sys.platform == 'win32':
        return dict(file=f'video={number}', format='dshow')
    return dict(file=f'/dev/video{number}', format='v4l2')


def _upright(frame: Any, ratio: Fraction | int) -> np.ndarray:
    """Pixels of a frame, made square, and turned by its rotation, as telephones store it."""
    pixels = frame.to_ndarray(format='rgb24')
    if ratio != 1:
        size = max(1, round(pixels.shape[1] * ratio)), pixels.shape[0]
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
    turns = round(getattr(frame, 'rotation', 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


@contextmanager
def _errors(name: str) -> Iterator[None]:
    """FFmpeg's errors in one line."""
    import av

    try:
        yield
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, EmonextError):
            raise
        raise EmonextError(f'{name}: {getattr(error, "strerror", None) or error}') from None
