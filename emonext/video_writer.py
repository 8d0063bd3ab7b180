"""Writing videos, with PyAV (FFmpeg)."""
from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from emonext.sound import Sound
from emonext.video import FRAME_RATE, ffmpeg_errors, open_video


class VideoWriter:
    """MP4 file with the pictures of :meth:`write` and the sound of another file.

    Args:
        path: .mp4 file to write. It is removed if nothing is written.
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
        self._last = -1  # ticks of the last picture
        with ExitStack() as opened:
            rate = _frame_rate(source) if source is not None else Fraction(FRAME_RATE)
            opened.callback(self._remove_if_empty)
            with ffmpeg_errors(str(path)):
                target = av.open(f'file:{self.path}', 'w', options={'movflags': 'faststart'})
                self.container = opened.enter_context(target)
                self.container.metadata['comment'] = comment
                self.stream = self.container.add_stream('libx264', rate=rate, options={'crf': '20',
                                                                                       'preset': 'veryfast'})
                self.stream.pix_fmt = 'yuv420p'
                self.stream.codec_context.time_base = Fraction(1, self.TICKS)
                self._sound = Sound(source, self.container)
                self._packets = self._sound.packets()
                opened.callback(self._packets.close)
                self._next = next(self._packets, None)
            self._opened = opened.pop_all()

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
            self._encode(frame)
            self._add_sound(time)

    def close(self, complete: bool = True) -> None:
        """Finish the file, with the whole sound, or that of the frames alone if it is not complete."""
        with self._opened, ffmpeg_errors(str(self.path)):
            if self._last >= 0:
                self._encode(None)
                self._add_sound(float('inf') if complete else self._last / self.TICKS)
                self.container.close()

    def _remove_if_empty(self) -> None:
        if self._last < 0:
            self.path.unlink(missing_ok=True)

    def _encode(self, frame: object) -> None:
        """Encode a frame, or None for the end, and write what that gives.

        Python handles a signal between two of its own steps: the exception would lose the packets on their way from
        the encoder to the file, and all frames that depend on them. Both maps together are one step.
        """
        deque(map(self.container.mux, map(self.stream.encode, [frame])), maxlen=0)

    def _add_sound(self, time: float) -> None:
        """Add the sound up to a time, so that players find both streams side by side."""
        while self._next is not None and float(self._next.dts * self._next.time_base) <= time:
            packet, self._next = self._next, None  # taken out first, because either call can fail
            if self._sound.mux(packet):
                self._next = next(self._packets, None)


def _frame_rate(path: str | Path) -> Fraction:
    with open_video(path) as container:
        return container.streams.video[0].average_rate or Fraction(FRAME_RATE)
