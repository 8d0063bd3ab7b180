import csv
import os
import signal

import numpy as np
from PIL import Image


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


def test_saved_pictures_have_names_of_their_own(emonext, picture, tmp_path, monkeypatch):
    picture('a.png')
    picture('in/a.png')
    monkeypatch.chdir(tmp_path / 'in')
    assert emonext('a.png', '../a.png', tmp_path / 'a.png', '--faces', 'none', '--save', 'out')[0] == 0
    assert len(list((tmp_path / 'in' / 'out').rglob('a.png'))) == 3


def test_saved_pictures_overwrite_no_other_input(emonext, picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture('a.bmp', 10)
    before = picture('a.bmp.jpg', 200).read_bytes()
    assert emonext('a.bmp', 'a.bmp.jpg', '--faces', 'none', '--save', '.')[0] == 1
    assert (tmp_path / 'a.bmp.jpg').read_bytes() == before


def test_names_in_other_encodings(emonext, picture, tmp_path, lines):
    path = os.fsdecode(os.fsencode(tmp_path) + b'/\xff\x1b[31m.png')
    os.rename(picture('a.png'), path)
    assert emonext(path, '--faces', 'none', '--json', tmp_path / 'o.json', '--csv', tmp_path / 'o.csv')[0] == 0
    assert lines(tmp_path / 'o.json')[0]['source'] == path
    assert '\x1b' not in emonext(path, '--faces', 'none')[1]


def test_json_and_csv_hold_the_same(emonext, picture, tmp_path, lines):
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


def test_interrupted_output_is_valid(emonext, picture, tmp_path, monkeypatch, lines):
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


def test_pictures_of_one_stem(emonext, picture, tmp_path, monkeypatch):
    """Each has a result of its own."""
    monkeypatch.chdir(tmp_path)
    names = 'a.bmp', 'a.bmp.jpg', 'a.jpg', 'a.png', 'a.tif'
    for name in names:
        picture(f'in/{name}')
    assert emonext('in', '--faces', 'none', '--save', 'out')[0] == 0
    assert sorted(path.name for path in (tmp_path / 'out' / 'in').iterdir()) == [
        'a.bmp.jpg', 'a.bmp.jpg.jpg', 'a.jpg', 'a.png', 'a.tif.jpg']
