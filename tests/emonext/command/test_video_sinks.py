import pytest
from PIL import Image

from tests.emonext.films import write_film


def test_video(emonext, tmp_path, lines):
    """Sound and times are kept; a summary is printed; the timeline is drawn."""
    film = write_film(tmp_path / 'in.mp4', seconds=2)
    status, out, _ = emonext(film, '--faces', 'none', '--video', tmp_path / 'out.mp4', '--timeline', tmp_path / 't.png',
                             '--json', tmp_path / 'o.json')
    assert status == 0
    assert out.splitlines()[0] == f'{film}: 20 frames, 1 track'
    assert [result['frame'] for result in lines(tmp_path / 'o.json')] == list(range(20))
    assert Image.open(tmp_path / 't.png').width > 1000
    import av
    with av.open(str(film)) as before, av.open(str(tmp_path / 'out.mp4')) as after:
        sound = [[bytes(packet) for packet in file.demux(audio=0) if packet.dts is not None]
                 for file in (before, after)]
        assert sound[0] == sound[1]
        assert len(sound[0]) > 50
    with av.open(str(film)) as before, av.open(str(tmp_path / 'out.mp4')) as after:
        times = [[frame.time for frame in file.decode(video=0)] for file in (before, after)]
        assert times[0] == pytest.approx(times[1], abs=1e-3)
        assert (after.streams.video[0].width, after.streams.video[0].height) == (64, 48)


def test_one_video_at_most(emonext, tmp_path, lines):
    films = [write_film(tmp_path / f'{i}.mp4', seconds=0.5) for i in range(2)]
    status, _, err = emonext(*films, '--faces', 'none', '--video', tmp_path / 'out.mp4')
    assert status == 1
    assert '1.mp4' in err
    before = films[0].read_bytes()
    assert emonext(*films, '--faces', 'none', '--video', films[0])[0] == 2
    assert films[0].read_bytes() == before
    assert emonext(*films, '--faces', 'none', '--video', tmp_path / 'out.mp4', '--json', tmp_path / 'o.json')[0] == 1
    assert {result['source'] for result in lines(tmp_path / 'o.json')} == {str(films[0])}  # nothing of the other


def test_an_unreadable_video_takes_no_place(emonext, tmp_path):
    """Neither of the video nor of the timeline, and earlier results stay."""
    bad, good = tmp_path / 'bad.mp4', write_film(tmp_path / 'good.mp4', 0.5)
    bad.write_text('no film')
    outputs = '--faces', 'none', '--video', tmp_path / 'out.mp4', '--timeline', tmp_path / 't.png'
    assert emonext(bad, good, *outputs)[0] == 1
    before = [(tmp_path / name).read_bytes() for name in ('out.mp4', 't.png')]
    status, _, err = emonext(bad, *outputs)
    assert (status, err.count('was not written')) == (1, 2)
    assert before == [(tmp_path / name).read_bytes() for name in ('out.mp4', 't.png')]


def test_damaged_sound_does_not_stop_the_video(emonext, tmp_path):
    film = write_film(tmp_path / 'a.mkv', 1)
    film.write_bytes(film.read_bytes().replace(b'A_AAC', b'A_XYZ'))
    status, _, err = emonext(film, '--faces', 'none', '--video', tmp_path / 'out.mp4')
    assert (status, err.count('warning: ')) == (0, 1)
    assert (tmp_path / 'out.mp4').exists()
