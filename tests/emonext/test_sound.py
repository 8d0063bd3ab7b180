import av
import numpy as np
import pytest

from tests.emonext.films import copy, span, write_film


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


def join(path, *films):
    path.write_bytes(b''.join(film.read_bytes() for film in films))
    return path


@pytest.mark.parametrize('sound', ['aac', 'mp2'])
def test_sound_of_joined_films_stays_beside_the_picture(tmp_path, sound):
    """Three parts of 3 s picture and 2 s sound; the second one has no sound."""
    part, silent = (write_film(tmp_path / f'{name}.ts', 3, sound=kind, heard=2)
                    for name, kind in (('part', sound), ('silent', None)))
    out = copy(join(tmp_path / 'all.ts', part, silent, part, part), tmp_path / 'out.mp4')
    with av.open(str(out)) as file:
        times = np.array([frame.time for frame in file.decode(audio=0)])
    begins = [times[0], *times[1:][np.diff(times) > 0.5]]
    assert begins == pytest.approx([0, 6, 9], abs=0.1)
    assert span(out, 'video') == pytest.approx((0, 11.9), abs=0.1)


def test_sound_that_changes_its_rate(tmp_path):
    parts = [write_film(tmp_path / f'{rate}.ts', 2, sound='mp2', rate=rate) for rate in (48_000, 44_100)]
    out = copy(join(tmp_path / 'all.ts', *parts), tmp_path / 'out.mp4')
    assert span(out, 'audio') == pytest.approx((0, 4), abs=0.1)


@pytest.mark.parametrize(('name', 'sound', 'rate'), [('a.avi', 'libmp3lame', 11_025), ('a.mkv', 'pcm_s16le', 7000)])
def test_rates_that_mp4_does_not_hold(tmp_path, name, sound, rate):
    out = copy(write_film(tmp_path / name, 2, sound=sound, rate=rate), tmp_path / 'out.mp4')
    assert span(out, 'audio') == pytest.approx((0, 2), abs=0.15)


def test_a_damaged_head_of_a_packet(tmp_path):
    """Of AAC in a .ts file, which is found when the packet is written."""
    film = write_film(tmp_path / 'a.ts', 3)
    data = film.read_bytes()
    middle = data.index(b'\xff\xf1', len(data) // 2)
    film.write_bytes(data[:middle] + b'\0' + data[middle + 1:])
    with pytest.warns(UserWarning, match=r'a\.ts.*sound'):
        out = copy(film, tmp_path / 'out.mp4')
    assert span(out, 'video') == pytest.approx((0, 2.9), abs=0.11)
    assert 0.3 < span(out, 'audio')[1] < 2.5
