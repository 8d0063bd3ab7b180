import copy
import pickle

import numpy as np
import pytest

from emonext_mm.datasets.readers.face_table import FaceTable

COLUMNS = ('images', 'labels', 'splits', 'rows', 'paths')


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 48, 48), np.uint8)
    paths = np.array(['train/angry/é1.png'.encode(), b'b', b'c', b'd', b'e'])
    return FaceTable.sorted_by_split(images, np.array([0, 6, 3, 3, 1]), np.array([2, 0, 1, 0, 2]), paths)


@pytest.fixture
def saved(table, tmp_path):
    path = tmp_path / 'faces.npy'
    table.save(path)
    return path


def assert_same(a, b):
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name).dtype == getattr(b, name).dtype


# smoke

def test_sorting_is_stable(table):
    assert table.splits.tolist() == [0, 0, 1, 2, 2]
    assert table.rows.tolist() == [1, 3, 2, 0, 4]
    assert table.labels.tolist() == [6, 3, 3, 0, 1]
    np.testing.assert_array_equal(table.images[3], np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8))
    slices = [table.split_slice(split) for split in ('train', 'val', 'test')]
    assert slices == [slice(0, 2), slice(2, 3), slice(3, 5)]


def test_types_and_shapes(table):
    assert {name: getattr(table, name).dtype.str[1:] for name in COLUMNS} == {
        'images': 'u1', 'labels': 'i8', 'splits': 'u1', 'rows': 'i8', 'paths': 'S19'}
    assert (len(table), table.images.shape) == (5, (5, 48, 48))


def test_round_trip(table, saved, tmp_path):
    opened = FaceTable.open(saved)
    assert_same(opened, table)
    assert opened.paths[3].decode() == 'train/angry/é1.png'
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]


def test_file_can_be_read_by_numpy_alone(table, saved):
    records = np.load(saved, allow_pickle=False)
    assert records.dtype.names == COLUMNS
    np.testing.assert_array_equal(records['images'], table.images)


@pytest.mark.parametrize('name', COLUMNS)
def test_columns_are_read_only(table, saved, name):
    for each in (table, FaceTable.open(saved)):
        column = getattr(each, name)
        with pytest.raises(ValueError, match='read-only'):
            column[0] = column[1]


# exceptions

@pytest.mark.parametrize('size', [-1, 1000, 20, 0])
def test_truncated_file(saved, size):
    saved.write_bytes(saved.read_bytes()[:size])
    with pytest.raises(ValueError, match=f'^{saved} is damaged'):
        FaceTable.open(saved)


@pytest.mark.parametrize('damage', [
    lambda data: data.replace(b"'descr'", b"'desc('"),
    lambda data: data.replace(b"'shape': (5", b"'shape': (-5"),
    lambda data: b'\x80\x04K\x01.',
    lambda data: b'{"format": 1}\n',
    lambda data: pickle.dumps({'images': 1}),
])
def test_foreign_file(saved, damage):
    saved.write_bytes(damage(saved.read_bytes()))
    with pytest.raises(ValueError, match=f'^{saved} is damaged'):
        FaceTable.open(saved)


@pytest.mark.parametrize('array', [
    np.zeros(5),
    np.zeros(5, [('paths', 'S1'), ('labels', np.int64)]),
    np.zeros((5, 1), [('images', np.uint8, (48, 48)), ('labels', np.int64), ('splits', np.uint8), ('rows', np.int64),
                      ('paths', 'S1')]),
    np.zeros(5, [('images', np.uint8, (48, 48)), ('labels', np.int32), ('splits', np.uint8), ('rows', np.int64),
                 ('paths', 'S1')]),
])
def test_npy_file_of_something_else(saved, array):
    np.save(saved, array)
    with pytest.raises(ValueError, match=f'^{saved} '):
        FaceTable.open(saved)


@pytest.mark.parametrize(('name', 'value', 'told'), [
    ('labels', 99, 'labels .*99'), ('labels', -2, 'labels .*-2'), ('splits', 7, 'splits .*7'), ('rows', 5, 'rows .*5'),
    ('rows', -1, 'rows .*-1'), ('splits', 0, 'sorted')])
def test_values_that_no_table_has(saved, name, value, told):
    records = np.load(saved)
    records[name][4] = value
    np.save(saved, records)
    with pytest.raises(ValueError, match=f'^{saved} is damaged: .*{told}'):
        FaceTable.open(saved)


def test_npz_file(saved):
    with open(saved, 'wb') as file:
        np.savez(file, images=np.zeros(5))
    with pytest.raises(ValueError, match=f'^{saved} is damaged'):
        FaceTable.open(saved)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nowhere\.npy'):
        FaceTable.open(tmp_path / 'nowhere.npy')


# copies

def test_pickle_of_an_opened_table_is_its_path(table, saved):
    data = pickle.dumps(FaceTable.open(saved))
    assert len(data) < 500
    assert_same(pickle.loads(data), table)
    saved.unlink()
    with pytest.raises(FileNotFoundError, match=r'faces\.npy'):
        pickle.loads(data)


def test_pickle_of_a_table_in_memory_holds_its_columns(table):
    again = pickle.loads(pickle.dumps(table))
    assert_same(again, table)
    assert not again.images.flags.writeable


def test_deep_copies_share_the_pixels(table):
    assert copy.deepcopy(table) is table
