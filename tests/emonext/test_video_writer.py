import av
import numpy as np
import pytest

from emonext import EmonextError
from emonext.video import Video
from emonext.video_writer import VideoWriter
from tests.emonext.films import write_film

MANY = 10**8


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


@pytest.mark.parametrize('codec', ['aac', 'ac3', 'flac', 'libmp3lame', 'libopus'])
def test_sound_that_mp4_holds_is_copied(tmp_path, codec):
    film = write_film(tmp_path / 'a.mkv', 1, sound=codec)
    out = copy(film, tmp_path / 'out.mp4')
    packets = []
    for path in (film, out):
        with av.open(str(path)) as file:
            packets.append([bytes(packet) for packet in file.demux(audio=0) if packet.size])
    assert packets[0] == packets[1]
    assert packets[0]


@pytest.mark.parametrize('sound', ['aac', 'mp2'])
def test_sound_whose_times_begin_again(tmp_path, sound):
    """Two .ts files in one: four seconds of picture and sound, copied or encoded again."""
    film = write_film(tmp_path / 'a.ts', 2, start=0.5, sound=sound)
    (tmp_path / 'b.ts').write_bytes(2 * film.read_bytes())
    out = copy(tmp_path / 'b.ts', tmp_path / 'out.mp4')
    assert span(out, 'video') == pytest.approx((0, 3.9), abs=0.15)
    begin, end = span(out, 'audio')
    assert begin == pytest.approx(0, abs=0.1)
    assert 3.8 < end < 4.7  # the second file's half second of sound before its picture is heard


def test_damaged_sound_ends_with_a_warning(tmp_path):
    """The picture stays whole."""
    film = write_film(tmp_path / 'a.mkv', 3, sound='mp2')
    with av.open(str(film)) as file:
        packets = [bytes(packet) for packet in file.demux(audio=0) if packet.size > 20]
    data = film.read_bytes()
    for packet in packets[len(packets) // 2:]:
        data = data.replace(packet, b'\xff' * len(packet))
    film.write_bytes(data)
    with pytest.warns(UserWarning, match=r'a\.mkv.*sound'):
        out = copy(film, tmp_path / 'out.mp4')
    assert span(out, 'video') == pytest.approx((0, 2.9), abs=0.11)
    assert 0.5 < span(out, 'audio')[1] < 2.5


def test_sound_without_a_decoder(tmp_path):
    film = write_film(tmp_path / 'a.mkv', 1)
    film.write_bytes(film.read_bytes().replace(b'A_AAC', b'A_XYZ'))
    with pytest.warns(UserWarning, match=r'a\.mkv.*sound'):
        out = copy(film, tmp_path / 'out.mp4')
    with av.open(str(out)) as file:
        assert not file.streams.audio
        assert sum(1 for _ in file.decode(video=0)) == 10


def test_nothing_is_left_where_writing_fails(tmp_path):
    film = write_film(tmp_path / 'a.mp4', 1)
    with pytest.raises(EmonextError, match=r'none\.mp4'):
        VideoWriter(tmp_path / 'out.mp4', tmp_path / 'none.mp4')
    writer = VideoWriter(tmp_path / 'out.mp4', film)
    writer.close()  # without a frame
    assert [path.name for path in tmp_path.iterdir()] == ['a.mp4']
