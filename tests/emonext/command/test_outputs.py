import os
import subprocess

import numpy as np
import pytest
from PIL import Image

from emonext.command.main import main
from tests.emonext.films import write_film


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


def test_outputs_are_no_inputs(emonext, picture, tmp_path, monkeypatch, lines):
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


@pytest.mark.parametrize('options', [['--csv', 'keep.csv', '--show'], ['--csv', 'keep.csv', '--video', 'x.avi'],
                                     ['--csv', 'keep.csv', '--model', 'none.onnx']])
def test_earlier_results_are_kept_when_nothing_can_be_done(picture, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('DISPLAY', ':9999')
    (tmp_path / 'keep.csv').write_text('kept')
    assert main(['predict', str(picture('a.png')), *options]) == 2
    assert (tmp_path / 'keep.csv').read_text() == 'kept'


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='no /dev/full')
@pytest.mark.parametrize('options', [['--json', '/dev/full'], ['--csv', '/dev/full'], ['--timeline', '/proc/t.png'],
                                     ['--video', '/proc/v.mp4'], ['--save', '/proc/out']])
def test_what_cannot_be_written(emonext, picture, tmp_path, options):
    """One line, and no traceback."""
    status, _, err = emonext(picture('a.png'), write_film(tmp_path / 'c.mp4', 0.3), '--faces', 'none', *options)
    assert status == 1
    assert 'Traceback' not in err
    assert 'cannot be written' in err


@pytest.mark.parametrize(('sources', 'options', 'kept'), [
    ('in/*.mp4', ['--video', 'in/f.mp4'], 'in/f.mp4'), ('in', ['--timeline', 'in/c.png'], 'in/c.png'),
    ('in', ['--csv', 'in/ages.csv'], 'in/ages.csv'), ('in', ['--json', 'in/notes.txt'], 'in/notes.txt'),
    ('in', ['--json', 'in/set.jsonl'], 'in/set.jsonl'),
    ('in', ['--faces', 'in/boxes.csv', '--csv', 'in/link.csv'], 'in/boxes.csv')])
def test_only_results_are_replaced(emonext, picture, tmp_path, monkeypatch, sources, options, kept):
    """Not what is found in a folder or by a pattern, nor other files, nor an input by another name of it."""
    monkeypatch.chdir(tmp_path)
    picture('in/c.png')
    write_film(tmp_path / 'in' / 'f.mp4', 0.3)
    for name, text in (('ages.csv', 'name,age\n'), ('notes.txt', 'notes\n'), ('boxes.csv', 'source,left\n'),
                       ('set.jsonl', '{"source": "b"}\n')):
        (tmp_path / 'in' / name).write_text(text)
    os.link('in/boxes.csv', 'in/link.csv')
    before = (tmp_path / kept).read_bytes()
    status, _, err = emonext(sources, *options)
    assert (status, 'overwrite' in err) == (2, True)
    assert options[-1] in err
    assert (tmp_path / kept).read_bytes() == before


def test_results_are_replaced(emonext, picture, tmp_path):
    """By those of another picture."""
    options = '--faces', 'none', '--json', tmp_path / 'o.json', '--csv', tmp_path / 'o.csv', '--save', tmp_path / 'out'
    for value in (10, 250):
        assert emonext(picture('a.jpg', value), *options)[0] == 0
    for name in ('o.json', 'o.csv'):
        assert 'bright' in (tmp_path / name).read_text()
        assert len((tmp_path / name).read_text().splitlines()) == (1 if name == 'o.json' else 2)
    saved, = (tmp_path / 'out').rglob('*.jpg')
    assert np.asarray(Image.open(saved)).mean() > 200


def test_originals_in_the_folder_of_results(emonext, picture, tmp_path, monkeypatch, lines):
    """They are predicted and kept; results are left out, and counted, also when another one is named."""
    monkeypatch.chdir(tmp_path)
    before = [picture(name).read_bytes() for name in ('out/a.png', 'out/b.jpg')]
    for left_out in (0, 2):
        status, _, err = emonext('.', '--faces', 'none', '--save', 'out', '--json', 'o.json')
        assert (status, f'{left_out} results' in err) == (0, bool(left_out))
        assert [result['source'] for result in lines(tmp_path / 'o.json')] == ['./out/a.png', './out/b.jpg']
    named = 'out/out/a.png'
    assert emonext('.', '--faces', 'none')[2] == '2 results of emonext among the sources were left out\n'
    assert emonext('.', named, '--faces', 'none', '--json', 'o.json')[0] == 0
    assert emonext('.', named, '--faces', 'none', '--save', 'out')[0] == 1  # it would be replaced
    assert [result['source'] for result in lines(tmp_path / 'o.json')] == ['./out/a.png', './out/b.jpg', named]
    assert [(tmp_path / 'out' / name).read_bytes() for name in ('a.png', 'b.jpg')] == before


def test_files_that_are_being_written_are_no_sources(emonext, picture, tmp_path, lines):
    """As a killed run leaves them: hidden."""
    picture('in/a.png')
    picture('in/.12.part.png')
    write_film(tmp_path / 'in' / '.12.part.mp4', 0.3)
    assert emonext(tmp_path / 'in', '--faces', 'none', '--json', tmp_path / 'o.json')[0] == 0
    assert [result['source'] for result in lines(tmp_path / 'o.json')] == [str(tmp_path / 'in' / 'a.png')]


@pytest.mark.parametrize('suffix', ['json', 'csv'])
def test_a_pipe_as_output(emonext, picture, tmp_path, suffix):
    os.mkfifo(tmp_path / 'pipe')
    reader = subprocess.Popen(['cat', tmp_path / 'pipe'], stdout=subprocess.PIPE, text=True)
    assert emonext(picture('a.png'), picture('b.png'), '--faces', 'none', f'--{suffix}', tmp_path / 'pipe')[0] == 0
    found = reader.communicate(timeout=30)[0].splitlines()
    assert [('a.png' in line, 'b.png' in line) for line in found[-2:]] == [(True, False), (False, True)]
    assert len(found) == (3 if suffix == 'csv' else 2)


def test_a_named_result_is_not_replaced_by_its_own_result(emonext, picture, tmp_path, monkeypatch):
    """Neither is another input by a link."""
    monkeypatch.chdir(tmp_path)
    picture('sub/a.png')
    assert emonext('sub/a.png', '--faces', 'none', '--save', '.')[0] == 1  # the file itself
    assert emonext('sub/a.png', '--faces', 'none', '--save', 'out')[0] == 0
    os.link('out/sub/a.png', 'a.png')
    for named in ('a.png', 'out/sub/a.png'):
        before = (tmp_path / named).read_bytes()
        status, _, err = emonext('sub/a.png', named, '--faces', 'none', '--save', 'out')
        assert (status, 'overwrite' in err) == (1, True)
        assert (tmp_path / named).read_bytes() == before


@pytest.mark.parametrize(('names', 'kept'), [
    (['a', 'a.jpg'], 'o/a.jpg'), (['../b.jpg', '_parent/b.jpg'], 'o/_parent/b.jpg'),
    (['f.mp4_000000.jpg', 'f.mp4'], 'o/f.mp4_000000.jpg'),
    (['q.png', 'f.mp4', '--timeline', 'o/q.png'], 'o/q.png')])
def test_no_result_replaces_another_one_of_the_run(emonext, picture, tmp_path, monkeypatch, names, kept):
    """The second one is an error."""
    picture('b.jpg')
    for name in ('a.jpg', '_parent/b.jpg', 'f.mp4_000000.jpg', 'q.png'):
        picture(f'in/{name}', 10)
    monkeypatch.chdir(tmp_path / 'in')
    os.link('a.jpg', 'a')
    write_film(tmp_path / 'in' / 'f.mp4', 0.3)
    status, _, err = emonext(*names, '--faces', 'none', '--save', 'o')
    assert (status, f'{kept}: ' in err) == (1, True)


def test_a_file_that_appears_meanwhile_is_kept(emonext, picture, tmp_path, monkeypatch):
    """Tables are opened at the first result, videos take their name at the end."""
    film = write_film(tmp_path / 'f.mp4', 0.3)

    def write_others(self, *args):
        for name in ('o.csv', 'o.mp4', 't.png'):
            (tmp_path / name).write_text('mine')

    monkeypatch.setattr('emonext.command.sinks.TextSink.write', write_others)
    for option, name in (('--csv', 'o.csv'), ('--video', 'o.mp4'), ('--timeline', 't.png')):
        for each in ('o.csv', 'o.mp4', 't.png'):
            (tmp_path / each).unlink(missing_ok=True)
        status, _, err = emonext(film, '--faces', 'none', option, tmp_path / name)
        assert (status, name in err) == (1, True)
        assert (tmp_path / name).read_text() == 'mine'
        assert not list(tmp_path.glob('.*'))


def test_a_picture_that_cannot_be_saved_is_one_bad_item(emonext, picture, tmp_path):
    """More pixels than JPEG holds, and a name that grows too long."""
    wide, good, long = picture('wide.bmp', size=(70_000, 2)), picture('a.png'), picture('x' * 250 + '.bmp')
    status, _, err = emonext(wide, long, good, '--faces', 'none', '--save', tmp_path / 'out')
    assert (status, '2 failed' in err) == (1, True)
    assert [path.name for path in (tmp_path / 'out').rglob('*.*')] == ['a.png']
