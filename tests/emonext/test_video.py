import av
import numpy as np
import pytest

from emonext import EmonextError, Recognizer
from emonext.video import Video, VideoWriter
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


def copy(film, path, **changes):
    """Write the frames of a film, with the sound, as the command does."""
    writer = VideoWriter(path, film)
    for i, frame in enumerate(Video(film, MANY)):
        writer.write(changes.get('pixels', lambda i, pixels: pixels)(i, frame.pixels), frame.time)
    writer.close(changes.get('complete', True))
    return path


def span(path, kind):
    """Begin and end of a stream in seconds."""
    with av.open(str(path)) as file:
        times = [frame.time for frame in file.decode(**{kind: 0})]
    return times[0], times[-1]


@pytest.mark.parametrize(('name', 'sound', 'start'), [
    ('a.mp4', 'aac', 0), ('a.mkv', 'aac', 1.0), ('a.ts', 'aac', 0.5), ('a.avi', 'pcm_u8', 0),
    ('a.mkv', 'pcm_s16le', 0.5)])
def test_sound_stays_beside_the_picture(tmp_path, name, sound, start):
    """Also where it begins before the picture, and where MP4 cannot hold its codec."""
    film = write_film(tmp_path / name, 2, sound=sound, start=start)
    out = copy(film, tmp_path / 'out.mp4')
    picture, heard = span(out, 'video'), span(out, 'audio')
    assert picture == pytest.approx((0, 1.9), abs=0.11)  # H.264 in AVI has no times of its own
    assert heard == pytest.approx((0, 2), abs=0.15)


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


def test_times_that_begin_again_go_on(tmp_path):
    times = [*np.arange(20) / 10, *np.arange(20) / 10]

    video = Video(write_film(tmp_path / 'a.mkv', 0.5, sound=None), MANY)
    frames = iter(times)
    video.container = type('Container', (), {
        'format': video.container.format,
        '__enter__': lambda self: self, '__exit__': lambda self, *error: None, 'decode': lambda self, stream: [
            type('Frame', (), {'time': time, 'rotation': 0, 'to_ndarray': lambda self, format: np.zeros((4, 4, 3))})()
            for time in frames]})()
    found = [frame.time for frame in video]
    np.testing.assert_allclose(np.diff(found), 0.1, atol=1e-9)
