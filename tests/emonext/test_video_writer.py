import sys
from contextlib import suppress

import av
import numpy as np
import pytest

from emonext import EmonextError
from emonext.video import Video
from emonext.video_writer import VideoWriter
from tests.emonext.films import copy, span, write_film

MANY = 10**8


def test_sound_of_an_interrupted_film_ends_with_it(tmp_path):
    film = write_film(tmp_path / 'a.mp4', 5)
    writer = VideoWriter(tmp_path / 'out.mp4', film)
    for frame in Video(film, MANY):
        if frame.time < 1:
            writer.write(frame.pixels, frame.time)
    writer.close(complete=False)
    assert span(tmp_path / 'out.mp4', 'audio')[1] == pytest.approx(0.9, abs=0.1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.mp4', 'out.mp4']


def test_frames_of_another_size_are_fitted_in(tmp_path):
    out = copy(write_film(tmp_path / 'a.mp4', 0.5, values=(200, )), tmp_path / 'out.mp4',
               pixels=lambda i, pixels: pixels if i < 3 else np.full((100, 50, 3), 200, np.uint8))
    frames = [frame.pixels for frame in Video(out, MANY)]
    assert {frame.shape for frame in frames} == {(48, 64, 3)}
    assert frames[-1][24, 32].mean() > 180
    assert frames[-1][24, 4].mean() < 30  # a border


def test_nothing_is_left_where_writing_fails(tmp_path):
    film = write_film(tmp_path / 'a.mp4', 1)
    with pytest.raises(EmonextError, match=r'none\.mp4'):
        VideoWriter(tmp_path / 'out.mp4', tmp_path / 'none.mp4')
    writer = VideoWriter(tmp_path / 'out.mp4', film)
    writer.close()  # without a frame
    assert [path.name for path in tmp_path.iterdir()] == ['a.mp4']


FRAMES = 20  # the encoder holds eleven back


def interrupted(path, step):
    """Write frames, with a KeyboardInterrupt before a bytecode instruction of the last; False if it has fewer."""
    writer, left = VideoWriter(path, None), step
    pixels = np.zeros((16, 16, 3), np.uint8)
    for i in range(FRAMES - 1):
        writer.write(pixels + 4 * i, i / 25)

    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename != sys.modules[VideoWriter.__module__].__file__:
            return None
        frame.f_trace_opcodes = True
        left -= event == 'opcode'
        if left < 0:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    with suppress(KeyboardInterrupt):
        sys.settrace(trace)
        try:
            writer.write(pixels, FRAMES / 25)
        finally:
            sys.settrace(before)
    writer.close(complete=False)
    return left < 0


def test_an_interrupt_between_any_two_steps_loses_no_frame(tmp_path):
    path, step = tmp_path / 'out.mp4', 0
    while interrupted(path, step):
        with av.open(str(path)) as film:
            times = [frame.time for frame in film.decode(video=0)]
        assert times[:FRAMES - 1] == pytest.approx([i / 25 for i in range(FRAMES - 1)], abs=1e-3), step
        step += 1
    assert step > 50
