import os

import av
import numpy as np
import pytest

from emonext import EmonextError, Recognizer
from emonext.video import Clock, Video, read_comment
from emonext.video_writer import VideoWriter
from tests.emonext.films import write_film

MANY = 10**8


@pytest.mark.parametrize('every', [1, 3])
def test_frames(tmp_path, every):
    film = write_film(tmp_path / 'a.mp4', seconds=1, values=(20, 230))
    video = Video(film, MANY, every)
    frames = list(video)
    assert [frame.number for frame in frames] == list(range(0, 10, every))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(0, 1, every / 10), atol=1e-6)
    np.testing.assert_allclose([frame.pixels.mean() for frame in frames], [20] * len(range(0, 5, every)) + [230] * (
        len(frames) - len(range(0, 5, every))), atol=4)


def test_variable_frame_rate(tmp_path):
    times = [0.0, 0.04, 0.3, 0.31, 1.2]
    film = write_film(tmp_path / 'a.mp4', times=times, sound=None)
    np.testing.assert_allclose([frame.time for frame in Video(film, MANY)], times, atol=1e-3)


def test_tracks_and_smoothed_probabilities(tmp_path, classifier):
    """From dark to bright at 0.5 s: the probability of dark falls by half in each half-life."""
    film = write_film(tmp_path / 'a.mp4', seconds=1, values=(20, 230))
    results = list(Recognizer(classifier, 'none', smoothing=0.2).predict(film))
    assert {face.track for result in results for face in result.faces} == {0}
    dark = [result.faces[0].probabilities['dark'] for result in results]
    np.testing.assert_allclose(dark[:5], 0.8, atol=1e-6)
    np.testing.assert_allclose(dark[5:], [0.1 + 0.7 * 2 ** (-0.1 * (i + 1) / 0.2) for i in range(5)], atol=1e-4)
    plain = [result.faces[0].label for result in Recognizer(classifier, 'none').predict(film)]
    assert plain == ['dark'] * 5 + ['bright'] * 5


def test_bad_files(tmp_path):
    (tmp_path / 'text.mp4').write_text('no film')
    whole = write_film(tmp_path / 'a.mp4').read_bytes()
    (tmp_path / 'cut.mp4').write_bytes(whole[:len(whole) // 2])
    for name in ('text.mp4', 'cut.mp4', 'none.mp4'):
        with pytest.raises(EmonextError, match=name) as error:
            list(Video(tmp_path / name, MANY))
        assert '\n' not in str(error.value)
    with pytest.raises(EmonextError, match=r'64 x 48.*3,000'):
        Video(tmp_path / 'a.mp4', 3000)


def test_sound_alone_is_no_film(tmp_path):
    import av
    with av.open(str(tmp_path / 'a.mp4'), 'w') as file:
        audio = file.add_stream('aac', rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), 'fltp', 'mono')
        frame.sample_rate = 44100
        file.mux(audio.encode(frame))
        file.mux(audio.encode())
    with pytest.raises(EmonextError, match=r'a\.mp4'):
        Video(tmp_path / 'a.mp4', MANY)


def test_missing_camera():
    with pytest.raises(EmonextError, match='camera 97'):
        Video(97, MANY)


def test_a_cut_file_is_an_error(tmp_path):
    """After the frames that it has."""
    film = write_film(tmp_path / 'a.mp4', 3, sound=None, values=range(0, 256, 8))
    first = {'movflags': 'faststart'}  # the index stands before the frames
    with av.open(str(film)) as source, av.open(str(tmp_path / 'fast.mp4'), 'w', options=first) as file:
        stream = file.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                file.mux(packet)
    whole = (tmp_path / 'fast.mp4').read_bytes()
    (tmp_path / 'fast.mp4').write_bytes(whole[:-300])
    frames = []
    with pytest.raises(EmonextError, match=r'fast\.mp4'):
        frames.extend(Video(tmp_path / 'fast.mp4', MANY))
    assert 0 < len(frames) < 30


def test_pixels_are_made_square(tmp_path):
    film = write_film(tmp_path / 'a.mp4', 0.3, sound=None, aspect=2)
    assert next(iter(Video(film, MANY))).pixels.shape == (48, 128, 3)


def test_other_files_are_not_read(tmp_path):
    """A playlist, and addresses."""
    write_film(tmp_path / 'a.mp4', 0.3)
    (tmp_path / 'list.mp4').write_text('ffconcat version 1.0\nfile a.mp4\n')
    for name in (str(tmp_path / 'list.mp4'), f'concat:{tmp_path}/a.mp4', 'http://127.0.0.1/a.mp4'):
        with pytest.raises(EmonextError):
            Video(name, MANY)


@pytest.mark.parametrize(('times', 'expected'), [
    ([3.0, 3.1, 3.2], [0, 0.1, 0.2]), ([0.0, 0.1, 0.05, 0.3], [0, 0.1, 0.1, 0.3]),
    ([5.0, 5.1, 0.0, 0.1], [0, 0.1, 0.2, 0.3]), ([2.0, None, None, 2.3], [0, 0.1, 0.2, 0.3]),
    ([None, 0.5], [0, 0.5])])
def test_clock(times, expected):
    """A late start, disorder, times that begin again, and missing ones; the step is 0.1 s."""
    clock = Clock()
    assert [clock(time, 0.1) for time in times] == pytest.approx(expected)


def test_clock_of_the_sound():
    clock = Clock(2.0)
    assert [clock(time, 0.1) for time in (1.95, 2.05, 0.0)] == pytest.approx([-0.05, 0.05, 0.15])


def joined(path, *films):
    """Bytes of several .ts files in one."""
    path.write_bytes(b''.join(film.read_bytes() for film in films))
    return path


def test_joined_files(tmp_path):
    film = write_film(tmp_path / 'a.ts', 2, start=0.5)
    times = [frame.time for frame in Video(joined(tmp_path / 'b.ts', film, film), MANY)]
    assert len(times) == 40
    np.testing.assert_allclose(np.diff(times), 0.1, atol=0.02)


def test_an_edit_list_is_no_cut(tmp_path):
    """A file that shows the last second alone of its three."""
    film = write_film(tmp_path / 'a.mp4', 3, sound=None)
    data = bytearray(film.read_bytes())
    entry = data.index(b'elst') + 4
    count = int.from_bytes(data[entry + 4:entry + 8], 'big')
    scale = int.from_bytes(data[data.index(b'mvhd') + 16:data.index(b'mvhd') + 20], 'big')
    media = int.from_bytes(data[data.index(b'mdhd') + 16:data.index(b'mdhd') + 20], 'big')
    assert count == 1
    data[entry + 8:entry + 16] = scale.to_bytes(4, 'big') + (2 * media).to_bytes(4, 'big')  # duration, start
    film.write_bytes(data)
    assert len(list(Video(film, MANY))) == 10


def test_each_frame_is_within_the_limit(tmp_path):
    """Pixels that are not square, and frames that grow."""
    wide = write_film(tmp_path / 'wide.mp4', 0.3, sound=None, aspect=2)
    large = write_film(tmp_path / 'large.ts', 1, size=(128, 96))
    grows = joined(tmp_path / 'grows.ts', write_film(tmp_path / 'small.ts', 1), large)
    for film, size, before in ((wide, '128 x 48', 0), (grows, '128 x 96', 10)):
        frames = []
        with pytest.raises(EmonextError, match=rf'{film.name}.*{size}.*4,000'):
            frames.extend(Video(film, 4000))
        assert len(frames) == before


@pytest.mark.parametrize(('turn', 'shape', 'corner'), [
    ((1, 0, 0, 1), (48, 64), (0, 0)), ((0, 1, -1, 0), (64, 48), (0, -1)), ((-1, 0, 0, -1), (48, 64), (-1, -1)),
    ((0, -1, 1, 0), (64, 48), (-1, 0)),  # clockwise by 0, 90, 180 and 270 degrees
    ((-1, 0, 0, 1), (48, 64), (0, -1)), ((1, 0, 0, -1), (48, 64), (-1, 0)),  # hflip, vflip
    ((0, 1, 1, 0), (64, 48), (0, 0)), ((0, -1, -1, 0), (64, 48), (-1, -1)),  # both diagonals
    ((0, 0, 0, 0), (48, 64), (0, 0))])
def test_display_matrix(tmp_path, turn, shape, corner):
    """Turned and mirrored, as a telephone notes it: the bright corner, top left in the file, goes along."""
    film = tmp_path / 'a.mp4'
    with av.open(str(film), 'w') as file:
        stream = file.add_stream('libx264', rate=10, options={'crf': '5'})
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        pixels = np.zeros((48, 64, 3), np.uint8)
        pixels[:16, :24] = 255
        file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, 'rgb24')))
        file.mux(stream.encode())
    data = bytearray(film.read_bytes())
    turn = *turn[:2], 0, *turn[2:], 0, 0, 0
    matrix = b''.join((value << 16).to_bytes(4, 'big', signed=True) for value in turn) + (1 << 30).to_bytes(4, 'big')
    begin = data.index(b'tkhd') + 4 + 40  # of version 0: the matrix
    data[begin:begin + 36] = matrix
    film.write_bytes(data)
    found, = (frame.pixels for frame in Video(film, MANY))
    assert found.shape[:2] == shape
    wide, high = (24, 16) if shape[1] == 64 else (16, 24)
    bright = np.zeros(shape, bool)
    bright[slice(high) if corner[0] == 0 else slice(-high, None),
           slice(wide) if corner[1] == 0 else slice(-wide, None)] = True
    assert ((found.mean(2) > 128) == bright).mean() > 0.99


def test_pipes_and_unknown_codecs(tmp_path):
    os.mkfifo(tmp_path / 'pipe.mp4')
    film = write_film(tmp_path / 'a.mp4', 0.3, sound=None)
    film.write_bytes(film.read_bytes().replace(b'avc1', b'none'))
    for name in ('pipe.mp4', 'a.mp4'):
        with pytest.raises(EmonextError, match=name):
            Video(tmp_path / name, MANY)


def test_a_comment(tmp_path):
    film = write_film(tmp_path / 'a.mp4', 0.3)
    assert read_comment(film) is None
    writer = VideoWriter(tmp_path / 'b.mp4', film, 'made here')
    writer.write(np.zeros((48, 64, 3), np.uint8), 0)
    writer.close()
    assert read_comment(tmp_path / 'b.mp4') == 'made here'
