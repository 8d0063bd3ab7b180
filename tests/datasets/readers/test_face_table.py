import copy
import json
import pickle

import numpy as np
import pytest

from emonext_mm.datasets.readers.face_table import FaceTable
from emonext_mm.emotions import CLASSES, class_index

KEY = {'name': 'faces.csv', 'size': 5, 'mtime_ns': 7}
COLUMNS = ('images', 'labels', 'usages', 'rows', 'paths')


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 48, 48), np.uint8)
    paths = np.array(['train/angry/é1.png'.encode(), b'b', b'c', b'd', b'e'])
    return FaceTable.sorted_by_usage(images, np.array([0, 6, 3, 3, 1]), np.array([2, 0, 1, 0, 2]), paths)


@pytest.fixture
def saved(table, tmp_path):
    path = tmp_path / 'faces.cache'
    table.save(path, KEY)
    return path


def assert_same(a, b):
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name).dtype == getattr(b, name).dtype


def test_class_names_in_any_case_and_form():
    assert [class_index(name) for name in CLASSES] == list(range(7))
    synonyms = ('Anger', 'DISGUSTED', ' fearful', 'Happiness', 'sadness', 'Surprised', 'Neutral')
    assert [class_index(name) for name in synonyms] == list(range(7))
    with pytest.raises(ValueError, match="unknown class 'contempt'; known: angry, "):
        class_index('contempt')


def test_sorting_is_stable(table):
    assert table.usages.tolist() == [0, 0, 1, 2, 2]
    assert table.rows.tolist() == [1, 3, 2, 0, 4]
    assert table.labels.tolist() == [6, 3, 3, 0, 1]
    assert [table.usage_slice(usage) for usage in range(3)] == [slice(0, 2), slice(2, 3), slice(3, 5)]


def test_round_trip(table, saved, tmp_path):
    opened = FaceTable.open(saved, KEY)
    assert_same(opened, table)
    assert opened.paths[3].decode() == 'train/angry/é1.png'
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]


@pytest.mark.parametrize('name', COLUMNS)
def test_columns_are_read_only(table, saved, name):
    for each in (table, FaceTable.open(saved, KEY)):
        column = getattr(each, name)
        with pytest.raises(ValueError, match='read-only'):
            column[0] = column[1]


def test_header_is_json_that_can_be_read_without_this_code(saved):
    header = json.loads(saved.read_bytes().split(b'\n')[0])
    assert header['source'] == KEY
    assert header['format'] == 1
    assert isinstance(header['crc32'], int)


def test_other_key_is_stale(saved):
    with pytest.raises(ValueError, match=r'faces\.cache is stale'):
        FaceTable.open(saved, {**KEY, 'mtime_ns': 8})


def test_file_of_another_version_is_stale(saved):
    saved.write_bytes(saved.read_bytes().replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(ValueError, match=r'faces\.cache is stale'):
        FaceTable.open(saved, KEY)


@pytest.mark.parametrize('size', [-1, 1000])
def test_cut_file(saved, size):
    saved.write_bytes(saved.read_bytes()[:size])
    with pytest.raises(ValueError, match='is truncated'):
        FaceTable.open(saved, KEY)


def test_longer_file(saved):
    saved.write_bytes(saved.read_bytes() + b'x')
    with pytest.raises(ValueError, match='is truncated'):
        FaceTable.open(saved, KEY)


def test_every_column_is_under_the_checksum(saved):
    whole = saved.read_bytes()
    start = whole.index(b'\n') + 1
    for place in (start, start + 41, start + 81, start + 90, len(whole) - 90, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        saved.write_bytes(damaged)
        with pytest.raises(ValueError, match=r'is corrupt \(checksum\)'):
            FaceTable.open(saved, KEY)


@pytest.mark.parametrize('data', [b'', b'\x80\x04K\x01.', b'{}\n', b'[1, 2]\n', b'{"format": 1, "sou'])
def test_foreign_file(saved, data):
    saved.write_bytes(data)
    with pytest.raises(ValueError, match=r'is corrupt \(header\)'):
        FaceTable.open(saved, KEY)


@pytest.mark.parametrize('column', [['|O', [5]], ['|u1', [-5]], ['|u1', ['5']], ['nonsense', [5]], 3])
def test_header_with_impossible_columns(saved, column):
    line, _, payload = saved.read_bytes().partition(b'\n')
    header = json.loads(line)
    header['columns'][2] = column
    saved.write_bytes(json.dumps(header).encode() + b'\n' + payload)
    with pytest.raises(ValueError, match=r'is corrupt \(header\)'):
        FaceTable.open(saved, KEY)


def test_failed_save_keeps_the_old_file_and_leaves_nothing(table, saved, tmp_path, monkeypatch):
    old = saved.read_bytes()

    def no_space(*args):
        raise OSError('No space left on device')

    monkeypatch.setattr('os.replace', no_space)
    with pytest.raises(OSError, match='No space left'):
        table.save(saved, {**KEY, 'size': 6})
    assert saved.read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]


def test_pickle_of_an_opened_table_is_its_path(table, saved):
    data = pickle.dumps(FaceTable.open(saved, KEY))
    assert len(data) < 500
    assert_same(pickle.loads(data), table)
    saved.unlink()
    with pytest.raises(FileNotFoundError, match=r'faces\.cache'):
        pickle.loads(data)


def test_pickle_of_a_table_in_memory_holds_its_columns(table):
    assert_same(pickle.loads(pickle.dumps(table)), table)


def test_deep_copies_share_the_pixels(table):
    assert copy.deepcopy(table) is table
