"""Files of predictions are read as they are, or refused with file, row and value."""
import gzip
import json
import os
import re
from types import SimpleNamespace

import pytest

from emonext_mm.evaluation import predictions
from emonext_mm.evaluation.predictions import read_predictions
from emonext_mm.utils.samples import sample_id


@pytest.mark.parametrize(('info', 'expected'), [(dict(sample_id='a', img_path='b'), 'a'), (dict(img_path='b'), 'b'),
                                                ({}, '4')])
def test_sample_id(info, expected):
    assert sample_id(SimpleNamespace(get_data_info=lambda index: info), 4) == expected


def test_rounding_above_1_and_ties_are_accepted(tmp_path):
    row = dict(sample_id='a', true='x', predicted='y', probabilities=dict(x=1.00000012, y=1.00000012))
    (tmp_path / 'p.json').write_text(json.dumps(dict(conditions={}, classes=['x', 'y'], predictions=[row])))
    assert read_predictions(tmp_path / 'p.json').predicted.tolist() == [1]


ROW = dict(sample_id='a', true='x', predicted='y', probabilities=dict(x=0.25, y=0.75))
FILE = dict(conditions={}, classes=['x', 'y'], predictions=[ROW])


def changed(**kwargs):
    return dict(FILE, predictions=[ROW, {**ROW, 'sample_id': 'b', **kwargs}])


@pytest.mark.parametrize(('content', 'message'), [
    ('', 'p.json is not valid JSON: Expecting value: line 1'),
    ('{"conditions": {', 'p.json is not valid JSON'),
    ([], "p.json is not a file of predictions: no dict 'conditions'"),
    ({'accuracy/top1': 61.2, 'conditions': {}}, 'p.json contains metrics, not predictions'),
    (dict(FILE, conditions=None), "p.json is not a file of predictions: no dict 'conditions'"),
    (dict(conditions={}, classes=['x', 'y']), "p.json is not a file of predictions: no list 'predictions'"),
    (dict(conditions={}, predictions=[ROW]), "p.json is not a file of predictions: no list 'classes'"),
    (dict(FILE, predictions=[]), 'p.json contains no predictions'),
    (dict(FILE, classes=['x']), "p.json: classes are ['x']"),
    (dict(FILE, classes=['x', 'x']), "p.json: classes are ['x', 'x']"),
    (dict(FILE, classes=['x', 3]), "p.json: classes are ['x', 3]"),
    (dict(FILE, predictions=[ROW, 7]), 'p.json, prediction 2: no sample_id in 7'),
    (changed(sample_id=''), "p.json, prediction 2: no sample_id in {'sample_id': ''"),
    (dict(FILE, predictions=[ROW, {**ROW, 'sample_id': 'b'}, ROW]),
     "p.json, prediction 3: duplicate sample_id 'a', first seen in p.json, prediction 1"),
    (changed(true='z'), "p.json, prediction 2 (b): true is 'z', expected one of x, y"),
    (changed(predicted='z'), "p.json, prediction 2 (b): predicted is 'z', expected one of x, y"),
    (changed(predicted=None), 'p.json, prediction 2 (b): predicted is None, expected one of x, y'),
    (changed(predicted='x'), 'p.json, prediction 2 (b): predicted is x, but y '),
    (changed(probabilities=None), 'p.json, prediction 2 (b): expected probabilities of x, y, got None'),
    (changed(probabilities=dict(x=1)), "p.json, prediction 2 (b): expected probabilities of x, y, got {'x': 1}"),
    *((changed(probabilities=dict(x=0, y=value)),
       f'p.json, prediction 2 (b): the probability of y is {value!r}, expected a number from 0 to 1')
      for value in ('0.5', None, True, -0.1, 1.1, float('nan'), [0.5])),
    *((changed(true=value), 'p.json, prediction 2 (b): true is') for value in ([1], {'x': 1}, 1, True)),
    *((changed(predicted=value), 'p.json, prediction 2 (b): predicted is') for value in ([1], {'x': 1}, 1, True)),
    *((dict(FILE, classes=[value, 'y']), 'p.json: classes are')
      for value in ([1], {'x': 1}, None, 'a' * 5000, '\ud800')),
    *((changed(sample_id=value), 'p.json, prediction 2: no sample_id') for value in ([1], '\ud800', 'a' * 5000)),
    (dict(FILE, conditions={'config': '\ud800'}), 'p.json, conditions: '),
    ('[' * 100_000, 'p.json is not valid JSON: nested too deeply'),
    ('{"a":' * 100_000, 'p.json is not valid JSON: nested too deeply'),
    (json.dumps(FILE).replace('0.25', '9' * 5000), 'p.json is not valid JSON: Exceeds'),
    (json.dumps(FILE)[:-1] + ', "predictions": []}', "p.json is not valid JSON: the key 'predictions' stands twice"),
], ids=lambda value: str(value)[:60])
def test_wrong_json(content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'p.json').write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        read_predictions('p.json')
    assert '\n' not in str(error.value)
    assert len(str(error.value)) < 500


def test_a_row_without_label_key(tmp_path):
    row = {key: value for key, value in ROW.items() if key != 'true'}
    (tmp_path / 'p.json').write_text(json.dumps(dict(FILE, predictions=[row])))
    with pytest.raises(ValueError, match=r"p\.json, prediction 1 \(a\): no 'true'"):
        read_predictions(tmp_path / 'p.json')


@pytest.mark.parametrize(('text', 'message'), [
    ('', "p.csv, line 1 is ''"),
    ('sample_id,true,predicted,x,y\na,x,y,0,1\n', "p.csv, line 1 is 'sample_id,true,predicted,x,y'"),
    ('# it is\n', 'p.csv, line 1 is not valid JSON'),
    ('# []\n', "p.csv, line 1 is '# []'"),
    ('# {}\n', "p.csv, line 2 is '', expected sample_id,true,predicted"),
    ('# {}\nid,true,predicted,x,y\n', "p.csv, line 2 is 'id,true,predicted,x,y', expected sample_id,true,predicted"),
    ('# {}\nsample_id,true,predicted\n', 'p.csv: classes are []'),
    ('# {}\nsample_id,true,predicted,x,y\n', 'p.csv contains no predictions'),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,1\nb,x,y,0\n', 'p.csv, line 4 has 4 cells, expected 5'),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,1\nb,x,y,0,1,2\n', 'p.csv, line 4 has 6 cells, expected 5'),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,1\nb,x,y,0,one\n',
     "p.csv, line 4 (b): the probability of y is 'one', expected a number from 0 to 1"),
    ('# {}\nsample_id,true,predicted,x,y\n"a\nb",z,y,0,1\n', r"p.csv, line 4 ('a\nb'): true is 'z'"),
    ('# {"a": [1, {}, 1e999, {"b": ' + '[' * 100_000 + '\n', 'p.csv, line 1 is not valid JSON: nested too deeply'),
    (f'# {{"a": {"[" * 60}{"]" * 60}}}\nsample_id,true,predicted,x,y\na,x,y,0,1\n', 'p.csv, conditions: nested'),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,1\n' + 'x' * 200_000 + ',x,y,0,1\n', 'p.csv, line 4: field larger'),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,1\n"' + 'x' * 200_000, 'p.csv, line 4: field larger'),
    ('# {}\n' + 'x' * 200_000 + '\n', 'p.csv, line 2: field larger'),
    ('# {}\nsample_id,true,predicted,' + 'x' * 5000 + ',y\n', 'p.csv: classes are'),
    ('# {}\nsample_id,true,predicted,x,y\na,z,y,0,1\n', "p.csv, line 3 (a): true is 'z', expected one of x, y"),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,nan\n', 'p.csv, line 3 (a): the probability of y is nan, expected'),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,1\na,x,y,0,1\n',
     "p.csv, line 4: duplicate sample_id 'a', first seen in p.csv, line 3"),
], ids=lambda text: text[:60])
def test_wrong_csv(text, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'p.csv').write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        read_predictions('p.csv')
    assert '\n' not in str(error.value)
    assert len(str(error.value)) < 500


def test_no_text(tmp_path):
    (tmp_path / 'p.json').write_bytes(b'\x80\x04\x95')
    with pytest.raises(ValueError, match=r'p\.json is not a text file'):
        read_predictions(tmp_path / 'p.json')


def test_not_a_file_of_predictions_by_its_name():
    with pytest.raises(ValueError, match=r'out\.pkl: .*\.json, \.csv .*--out FILE'):
        read_predictions('out.pkl')


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.json'):
        read_predictions(tmp_path / 'none.json')


@pytest.mark.parametrize('suffix', ['json', 'csv', 'json.gz'])
def test_pipe(tmp_path, suffix):
    """Opening it would wait without end."""
    os.mkfifo(tmp_path / f'pipe.{suffix}')
    with pytest.raises(ValueError, match=rf'pipe\.{suffix} is not a regular file'):
        read_predictions(tmp_path / f'pipe.{suffix}')


def test_file_beyond_memory(tmp_path):
    with open(tmp_path / 'huge.json', 'wb') as file:
        file.truncate(2**40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predictions, 'LARGEST', 1000)
        with pytest.raises(ValueError, match=r'huge\.json holds more than 1,000 bytes'):
            read_predictions(tmp_path / 'huge.json')


def test_packed(tmp_path, monkeypatch):
    """The content of the .json file; a cut file, another one and too much content are refused."""
    content = json.dumps(FILE).encode()
    (tmp_path / 'p.json').write_bytes(content)
    path = tmp_path / 'p.json.gz'
    path.write_bytes(gzip.compress(content))
    plain, packed = read_predictions(tmp_path / 'p.json'), read_predictions(path)
    assert (packed.ids, packed.probabilities.tolist()) == (plain.ids, plain.probabilities.tolist())
    for wrong in (gzip.compress(content)[:-9], content, gzip.compress(content)[:-8] + bytes(8)):
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match=r'p\.json\.gz'):
            read_predictions(path)
    path.write_bytes(gzip.compress(content))
    monkeypatch.setattr(predictions, 'LARGEST', len(content) - 1)
    with pytest.raises(ValueError, match=f'p.json.gz holds more than {len(content) - 1} bytes'):
        read_predictions(path)
