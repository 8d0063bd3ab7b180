"""Pickles of arrays, by Python 2 and by this Python, and pickles of anything else."""
import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch

from emonext_mm.utils.errors import CheckpointError
from emonext_mm.utils.pickled_arrays import read_arrays
from tests.helpers.python2_pickle import dump_python2

ARRAYS = {
    'a.weight': np.random.default_rng(0).normal(size=(3, 2, 5)).astype(np.float32),
    'a.bias': np.array([-1.5, 2.0]), 'a.count': np.array(7), 'none': np.zeros((0, 4), np.float32)}


def write(tmp_path, content):
    path = tmp_path / 'it.pkl'
    path.write_bytes(content)
    return path


def refused(path):
    with pytest.raises(CheckpointError) as error:
        read_arrays(path)
    assert str(path) in str(error.value)
    return str(error.value)


def test_files_of_python_2(tmp_path):
    content = dump_python2(ARRAYS)
    check(pickle.loads(content, encoding='latin1'), ARRAYS)
    found = read_arrays(write(tmp_path, content))
    check({key: value.numpy() for key, value in found.items()}, ARRAYS)
    found['a.weight'] += 1  # writable


@pytest.mark.parametrize('protocol', [2, 3, 4])
@pytest.mark.parametrize('kind', [dict, OrderedDict])
def test_files_of_this_python(protocol, kind, tmp_path):
    found = read_arrays(write(tmp_path, pickle.dumps(kind(ARRAYS), protocol)))
    check({key: value.numpy() for key, value in found.items()}, ARRAYS)


def check(found, expected):
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key].dtype == value.dtype
        np.testing.assert_array_equal(found[key], value)


@pytest.mark.parametrize('value', [ARRAYS['a.weight'].T, ARRAYS['a.weight'].astype('>f4')])
def test_order_of_columns_and_of_bytes(value, tmp_path):
    found = read_arrays(write(tmp_path, pickle.dumps({'a': value}, 2)))
    assert np.array_equal(found['a'].numpy(), value)
    assert found['a'].dtype == torch.float32


class Call:
    def __init__(self, function, *args):
        self.what = function, args

    def __reduce__(self):
        return self.what


@pytest.mark.parametrize(('value', 'named'), [
    (Call(os.mkdir, 'made'), 'mkdir'), (Call(eval, '1'), 'eval'), (Call(getattr, 1, 'real'), 'getattr'),
    (Call(np.load, 'a'), 'numpy'), (torch.zeros(1), 'torch')])
def test_no_code_is_run(value, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert named in refused(write(tmp_path, pickle.dumps({'a': value}, 2)))
    assert [each.name for each in tmp_path.iterdir()] == ['it.pkl']


@pytest.mark.parametrize('content', [
    [ARRAYS], {'a': 1}, {'a': {'b': ARRAYS['a.bias']}}, {3: ARRAYS['a.bias']}, {'a': np.array(['text'])},
    {'a': np.array([None])}, {'a': np.array([1j])}, {'a': np.dtype('f4')}])
def test_what_is_no_dict_of_numbers(content, tmp_path):
    refused(write(tmp_path, pickle.dumps(content, 2)))


def test_one_content_for_many_arrays(tmp_path):
    """4 KB that a thousand arrays share in the file would need 4 MB."""
    shared = pickle.dumps({'a': np.zeros(1000, np.float32)}, 2)
    start = shared.index(b'cnumpy')
    array = shared[start:shared.rindex(b's.')]
    bomb = b'\x80\x02}(' + b'U\x01a' + array + b'q\xff' + b''.join(
        b'U\x04' + f'{i:04}'.encode() + b'h\xff' for i in range(1000)) + b'u.'
    assert 'bytes' in refused(write(tmp_path, bomb))


def test_damaged_files(tmp_path):
    content = dump_python2(ARRAYS)
    for end in range(0, len(content), 7):
        refused(write(tmp_path, content[:end]))


def test_no_file(tmp_path):
    with pytest.raises(OSError, match=r'it\.pkl'):
        read_arrays(tmp_path / 'it.pkl')
