"""Films for tests."""
from fractions import Fraction

import av
import numpy as np

from emonext.video import Video
from emonext.video_writer import VideoWriter

RATE = 10  # frames a second
SOUND_RATE = 48_000  # samples a second, the only rate of Opus


def write_film(path, seconds=1.0, values=(200, ), size=(64, 48), sound='aac', times=None, start=0.0, aspect=1,
               rate=SOUND_RATE, heard=None):
    """Write a film of one grey value after the other, with a tone; return its path.

    Args:
        sound: codec of the sound; None for none.
        times: of the frames in seconds; None for ``RATE`` a second.
        start: seconds from the begin of the sound to the first frame.
        aspect: width of a pixel divided by its height.
        rate: samples of the sound a second.
        heard: seconds of the sound; None for those of the picture, and what is before it.
    """
    times = np.arange(round(seconds * RATE)) / RATE if times is None else times
    heard = start + seconds if heard is None else heard
    with av.open(str(path), 'w') as file:
        video = file.add_stream('libx264', rate=RATE, options={'crf': '5'})
        video.width, video.height, video.pix_fmt = *size, 'yuv420p'
        video.codec_context.time_base = Fraction(1, 1000)
        video.codec_context.sample_aspect_ratio = Fraction(aspect)
        audio = file.add_stream(sound, rate=rate) if sound else None
        for i, time in enumerate(times):
            pixels = np.full((size[1], size[0], 3), values[i * len(values) // len(times)], np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, 'rgb24')
            frame.pts, frame.time_base = round(1000 * (start + time)), Fraction(1, 1000)
            file.mux(video.encode(frame))
        for begin in range(0, int(heard * rate) if sound else 0, 1024):
            wave = 0.1 * np.sin(np.arange(begin, begin + 1024) / 16).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(wave, 'fltp', 'mono')
            frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
            file.mux(audio.encode(frame))
        for stream in filter(None, (video, audio)):
            file.mux(stream.encode())
    return path


def copy(film, path, **changes):
    """Write the frames of a film, with the sound, as the command does; return the path."""
    writer = VideoWriter(path, film)
    for i, frame in enumerate(Video(film, 10**8)):
        writer.write(changes.get('pixels', lambda i, pixels: pixels)(i, frame.pixels), frame.time)
    writer.close()
    return path


def span(path, kind):
    """Begin and end of a stream, 'video' or 'audio', in seconds."""
    with av.open(str(path)) as file:
        times = [frame.time for frame in file.decode(**{kind: 0})]
    return times[0], times[-1]
