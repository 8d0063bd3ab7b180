import os

import numpy as np
import pytest

from emonext_mm.datasets.readers import cache as table_cache
from emonext_mm.datasets.readers.cache import load_table
from emonext_mm.datasets.readers.face_table import FaceTable
from emonext_mm.datasets.readers.layouts import CsvSource, FolderSource
from tests.helpers.fer2013_files import make_faces, write_fer2013, write_folders, write_image


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(table_cache, 'print_log', lambda message, **kwargs: lines.append(message))
    return lines


@pytest.fixture
def csv_path(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'xdg'))
    return write_fer2013(tmp_path / 'data', make_faces())


def cache_of(csv_path):
    return csv_path.with_name('fer2013.csv.emonext_mm.cache')


def test_second_time_the_source_is_not_read(csv_path, log, monkeypatch):
    first = load_table(CsvSource(csv_path))
    assert log == [f'reading {csv_path}']
    assert sorted(os.listdir(csv_path.parent)) == ['fer2013.csv', 'fer2013.csv.emonext_mm.cache']
    monkeypatch.setattr(CsvSource, 'read', lambda self: pytest.fail('the source was read again'))
    again = load_table(CsvSource(csv_path))
    np.testing.assert_array_equal(again.images, first.images)
    assert len(log) == 1


def test_stale_cache_is_made_anew(csv_path, log):
    faces = make_faces()
    load_table(CsvSource(csv_path))
    write_fer2013(csv_path.parent, faces._replace(images=255 - faces.images))
    os.utime(csv_path, ns=(1, 1))
    table = load_table(CsvSource(csv_path))
    np.testing.assert_array_equal(table.images[0], 255 - faces.images[0])
    assert log[1:] == [f'cache {cache_of(csv_path)} is stale; reading {csv_path}']


@pytest.mark.parametrize(('damage', 'fault'), [
    (lambda data: data[:-1] + bytes([data[-1] ^ 1]), 'corrupt (checksum)'),
    (lambda data: data[:5000], 'truncated'),
    (lambda data: b'', 'corrupt (header)'),
])
def test_damaged_cache_is_made_anew(csv_path, log, damage, fault):
    expected = load_table(CsvSource(csv_path)).images.copy()
    cache = cache_of(csv_path)
    whole = cache.read_bytes()
    cache.unlink()  # the open table maps the old file
    cache.write_bytes(damage(whole))
    np.testing.assert_array_equal(load_table(CsvSource(csv_path)).images, expected)
    assert log[1:] == [f'cache {cache} is {fault}; reading {csv_path}']
    assert cache.read_bytes() == whole


def test_changed_folder_is_read_again(tmp_path, log):
    faces = make_faces()
    root = write_folders(tmp_path, faces)
    assert len(load_table(FolderSource(root))) == 21
    write_image(root / 'train' / 'sad' / 'Training_900.png', faces.images[0])
    assert len(load_table(FolderSource(root))) == 22
    assert len(load_table(FolderSource(root))) == 22
    assert len(log) == 2
    assert 'is stale; reading' in log[1]


def refuse_writing(monkeypatch, refused):
    save = FaceTable.save

    def refusing(self, path, key):
        if refused(path):
            raise PermissionError(13, 'Permission denied', str(path))
        save(self, path, key)

    monkeypatch.setattr(FaceTable, 'save', refusing)


def test_read_only_folder_has_its_cache_with_the_user(tmp_path, csv_path, log, monkeypatch):
    refuse_writing(monkeypatch, lambda path: path.parent == csv_path.parent)
    first = load_table(CsvSource(csv_path))
    assert os.listdir(csv_path.parent) == ['fer2013.csv']
    assert len(list((tmp_path / 'xdg' / 'emonext_mm').iterdir())) == 1
    again = load_table(CsvSource(csv_path))
    np.testing.assert_array_equal(again.images, first.images)
    assert log == [f'reading {csv_path}']


def test_users_cache_tells_folders_apart(tmp_path, csv_path, monkeypatch):
    refuse_writing(monkeypatch, lambda path: path.parent.name != 'emonext_mm')
    faces = make_faces()
    other = write_fer2013(tmp_path / 'other', faces._replace(images=255 - faces.images))
    load_table(CsvSource(csv_path))
    np.testing.assert_array_equal(load_table(CsvSource(other)).images[0], 255 - faces.images[0])
    assert len(list((tmp_path / 'xdg' / 'emonext_mm').iterdir())) == 2


def test_without_any_cache_the_faces_stay_in_memory(csv_path, log, monkeypatch):
    refuse_writing(monkeypatch, lambda path: True)
    table = load_table(CsvSource(csv_path))
    assert len(table) == 21
    assert log[1].startswith('no cache could be written, each process keeps its own copy')
    assert str(cache_of(csv_path)) in log[1]


def test_error_while_reading_leaves_no_cache(csv_path):
    csv_path.write_bytes(csv_path.read_bytes()[:-100])
    with pytest.raises(ValueError, match='line 22'):
        load_table(CsvSource(csv_path))
    assert os.listdir(csv_path.parent) == ['fer2013.csv']
