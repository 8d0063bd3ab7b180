"""The sound of a video for another one, with PyAV (FFmpeg)."""
from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emonext.errors import one_line
from emonext.video import FRAME_RATE, RESTART, Clock, open_video

PRIMING = 0.1  # seconds that an encoder of sound may begin before the picture
COPIED = {'aac', 'ac3', 'alac', 'eac3', 'flac', 'mp3', 'opus'}  # sound that MP4 holds
LOWEST = 16_000  # samples a second of MP3 in MP4
RATE = 48_000  # samples a second of what is encoded again
MOST = 500  # packets that wait for the picture


class Sound:
    """The first sound of a video, copied into another one, or encoded again as AAC where MP4 cannot hold it.

    Sound that is damaged or has no decoder is left out from there on, with a warning.

    Args:
        path: of the video with the sound; None for no sound.
        target: open container of the other one.
    """

    def __init__(self, path: str | Path | None, target: Any) -> None:
        self._path, self._target = path, target
        self._ended = False

    def packets(self) -> Iterator[Any]:
        """Packets for the target, in order, at times from that of the first picture."""
        if self._path is None:
            return
        with open_video(self._path) as source, self._errors():
            stream = next(iter(source.streams.audio), None)
            if stream is None:
                return
            if not (stream.codec_context and stream.codec_context.sample_rate):
                raise ValueError('no decoder for it, or no rate')
            name, rate = stream.codec_context.codec.canonical_name, stream.codec_context.sample_rate
            copies = name in COPIED and (name != 'mp3' or rate >= LOWEST)
            yield from (self._copy if copies else self._encode)(stream, _packets(source, stream, _start(self._path)))

    def mux(self, packet: Any) -> bool:
        """Write a packet to the target; return whether to go on.

        Raises:
            OSError: the target cannot be written.
        """
        with self._errors():
            self._target.mux(packet)
        return not self._ended

    def _copy(self, stream: Any, packets: Iterator[tuple[Any, float]]) -> Iterator[Any]:
        copied, last = self._target.add_stream_from_template(stream), None
        for packet, offset in packets:
            shift = round(offset / packet.time_base)
            if packet.pts is not None and (last is None or packet.dts - shift > last):  # MP4 holds no others
                packet.dts, packet.pts, packet.stream = packet.dts - shift, packet.pts - shift, copied
                last = packet.dts
                yield packet

    def _encode(self, stream: Any, packets: Iterator[tuple[Any, float]]) -> Iterator[Any]:
        import av

        encoded = self._target.add_stream('aac', rate=RATE, layout='stereo')
        form, resampler, end = None, None, 0.0
        for packet, offset in packets:
            for frame in packet.decode():
                if frame.time is None or frame.time - offset < end - 0.5 * frame.samples / frame.sample_rate:
                    continue  # before the picture, or there already
                if form != (form := (frame.sample_rate, frame.layout.name, frame.format.name)):  # it may change
                    resampler = av.AudioResampler('fltp', 'stereo', RATE)
                end = frame.time - offset + frame.samples / frame.sample_rate
                frame.pts = max(0, round((frame.time - offset) / frame.time_base))
                for part in resampler.resample(frame):
                    yield from encoded.encode(part)
        yield from encoded.encode(None)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """End the sound at an error that is its own; a full disk is not."""
        import av

        try:
            yield
        except (av.FFmpegError, ValueError) as error:
            if isinstance(error, OSError) and not isinstance(error, ValueError):
                raise
            self._ended = True
            text = one_line(str(getattr(error, 'strerror', None) or error))
            warnings.warn(f'{self._path}: the rest of its sound is left out ({text})', stacklevel=3)


def _packets(source: Any, stream: Any, start: float) -> Iterator[tuple[Any, float]]:
    """Packets of a sound, each with the seconds to take off its times, so that they fit those of the picture.

    Where a file begins again, as films that were joined do, the picture goes on; its sound is moved as the picture is.
    """
    picture = source.streams.video[0]
    step = float(1 / (picture.average_rate or FRAME_RATE))
    clock, before, last = Clock(start), start, None
    waiting: list[Any] = []
    for packet in source.demux(picture, stream):
        if packet.dts is None:
            continue
        time = float(packet.dts * packet.time_base)
        if packet.stream_index == picture.index:
            offset = clock.start
            clock(time, step)
            if clock.start != offset:
                before = offset
                yield from ((each, clock.start) for each in waiting)
                waiting, last = [], None
            continue
        offset = clock.start
        if last is None:
            if time < offset - PRIMING:
                continue
        elif time - offset < last - RESTART:  # it begins again before the picture does
            waiting.append(packet)
            if len(waiting) > MOST:
                raise ValueError('its times fall, those of the picture do not')
            continue
        elif time - offset > last + RESTART and abs(time - before - last) <= RESTART:  # late, of what came before
            offset = before
        last = time - offset
        yield packet, offset


def _start(path: str | Path) -> float:
    """Time of the first picture of a file, in seconds."""
    with open_video(path) as container:
        return next((frame.time or 0.0 for frame in container.decode(video=0)), 0.0)
