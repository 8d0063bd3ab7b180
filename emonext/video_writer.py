"""Writing videos, with PyAV (FFmpeg)."""
from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from emonext.errors import EmonextError
from emonext.video import FRAME_RATE, Clock, ffmpeg_errors, open_video

PRIMING = 0.1  # seconds that an encoder of sound may begin before the picture
COPIED = {'aac', 'ac3', 'alac', 'eac3', 'flac', 'mp3', 'opus'}  # sound that MP4 holds


class VideoWriter:
    """MP4 file with the pictures of :meth:`write` and the sound of another file.

    The sound is copied, or encoded again as AAC if MP4 cannot hold it. Damaged sound ends there, with a warning.

    Args:
        path: .mp4 file. It takes its name in :meth:`close`.
        source: video whose sound is kept, and whose frame rate tells how long the last frame is shown; None for none.
        comment: text in the file's metadata, see :func:`read_comment`.

    Raises:
        EmonextError: the file cannot be written.
    """

    TICKS = 90_000  # of a second

    def __init__(self, path: str | Path, source: str | Path | None, comment: str = '') -> None:
        import av

        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._part = self.path.with_name(f'.{os.getpid()}.part.mp4')
        with ExitStack() as opened:
            self._source = opened.enter_context(open_video(source)) if source is not None else None
            opened.callback(self._part.unlink, missing_ok=True)
            with ffmpeg_errors(str(path)):
                target = av.open(f'file:{self._part}', 'w', options={'movflags': 'faststart'})
                self.container = opened.enter_context(target)
                self.container.metadata['comment'] = comment
                rate = (self._source.streams.video[0].average_rate if self._source else None) or Fraction(FRAME_RATE)
                self.stream = self.container.add_stream('libx264', rate=rate, options={'crf': '20',
                                                                                       'preset': 'veryfast'})
                self.stream.pix_fmt = 'yuv420p'
                self.stream.codec_context.time_base = Fraction(1, self.TICKS)
                self._sound = _sound(source, self._source, self.container)
                opened.callback(self._sound.close)
                self._next = next(self._sound, None)
            self._opened = opened.pop_all()
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
        with ffmpeg_errors(str(self.path)):
            self.container.mux(self.stream.encode(frame))
            self._add_sound(time)

    def close(self, complete: bool = True) -> None:
        """Finish the file, with the whole sound, or that of the frames alone if it is not complete."""
        with self._opened, ffmpeg_errors(str(self.path)):
            if self._last >= 0:
                self.container.mux(self.stream.encode())
                self._add_sound(float('inf') if complete else self._last / self.TICKS)
                self.container.close()
                self._part.replace(self.path)

    def _add_sound(self, time: float) -> None:
        """Add the sound up to a time, so that players find both streams side by side."""
        while self._next is not None and float(self._next.dts * self._next.time_base) <= time:
            packet, self._next = self._next, None  # taken out first, because either call can fail
            self.container.mux(packet)
            self._next = next(self._sound, None)


def _sound(path: str | Path | None, source: Any, target: Any) -> Iterator[Any]:
    """Packets of the first sound of a file for another one, at times from that of the first picture."""
    import av

    if source is None or not source.streams.audio:
        return
    stream = source.streams.audio[0]
    try:
        if stream.codec_context is None:
            raise EmonextError('no decoder for it')
        name = stream.codec_context.codec.canonical_name
        copy = _copied_sound if name in COPIED else _encoded_sound
        yield from copy(source, stream, target, _start(path))
    except (av.FFmpegError, EmonextError) as error:
        warnings.warn(f'{path}: the rest of its sound is left out ({getattr(error, "strerror", None) or error})',
                      stacklevel=2)


def _copied_sound(source: Any, stream: Any, target: Any, start: float) -> Iterator[Any]:
    copied = target.add_stream_from_template(stream)
    clock, last = Clock(start), None
    for packet in source.demux(stream):
        if None in (packet.dts, packet.pts) or (last is None and packet.dts * packet.time_base < start - PRIMING):
            continue
        time = clock(float(packet.dts * packet.time_base), float((packet.duration or 0) * packet.time_base))
        delay, dts = packet.pts - packet.dts, round(time / packet.time_base)
        if last is None or dts > last:  # MP4 holds no others
            packet.dts, packet.pts, packet.stream, last = dts, dts + delay, copied, dts
            yield packet


def _encoded_sound(source: Any, stream: Any, target: Any, start: float) -> Iterator[Any]:
    encoded = target.add_stream('aac', rate=stream.rate or 48_000)
    clock, time = Clock(start), None
    for frame in source.decode(stream):
        if time is not None or frame.time is None or frame.time >= start:
            time = clock(frame.time, frame.samples / frame.sample_rate)
            frame.pts = round(time / frame.time_base)
            yield from encoded.encode(frame)
    yield from encoded.encode(None)


def _start(path: str | Path) -> float:
    """Time of the first picture of a file, in seconds."""
    with open_video(path) as container:
        return next((frame.time or 0.0 for frame in container.decode(video=0)), 0.0)
