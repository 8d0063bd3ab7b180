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
def user_cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'xdg'))
    return tmp_path / 'xdg' / 'emonext_mm'


@pytest.fixture
def csv_path(tmp_path, user_cache):
    return write_fer2013(tmp_path / 'data', make_faces())


def change(csv_path):
    """Invert the images of a csv file; return the first one."""
    faces = make_faces()
    write_fer2013(csv_path.parent, faces._replace(images=255 - faces.images))
    os.utime(csv_path, ns=(1, 1))
    return 255 - faces.images[0]


def only_cache(folder):
    (path,) = folder.glob('*.npy')
    return path


def test_second_time_the_source_is_not_read(csv_path, log, monkeypatch):
    first = load_table(CsvSource(csv_path))
    assert log == [f'reading {csv_path}']
    assert sorted(os.listdir(csv_path.parent)) == ['fer2013.csv', only_cache(csv_path.parent).name]
    monkeypatch.setattr(CsvSource, 'read', lambda self: pytest.fail('the source was read again'))
    again = load_table(CsvSource(csv_path))
    np.testing.assert_array_equal(again.images, first.images)
    assert len(log) == 1


def test_table_is_mapped_from_the_cache(csv_path):
    assert load_table(CsvSource(csv_path))._path == only_cache(csv_path.parent)


def test_changed_csv_is_read_again_and_its_old_cache_removed(csv_path, log):
    old = load_table(CsvSource(csv_path))
    name = only_cache(csv_path.parent).name
    first = change(csv_path)
    table = load_table(CsvSource(csv_path))
    np.testing.assert_array_equal(table.images[0], first)
    assert log == [f'reading {csv_path}'] * 2
    assert only_cache(csv_path.parent).name != name
    np.testing.assert_array_equal(old.images[0], 255 - first)  # its pages outlive the file


def test_changed_folder_is_read_again_and_its_old_cache_removed(tmp_path, log):
    faces = make_faces()
    root = write_folders(tmp_path, faces)
    assert len(load_table(FolderSource(root))) == 21
    write_image(root / 'train' / 'sad' / 'Training_900.png', faces.images[0])
    assert len(load_table(FolderSource(root))) == 22
    assert len(load_table(FolderSource(root))) == 22
    assert len(log) == 2
    assert only_cache(root).name.startswith('fer2013_images.')


def test_other_files_are_not_removed(csv_path):
    """Neither the caches of other sources in the folder nor arrays of the user; but caches of the former format are."""
    other = csv_path.with_name('icml_face_data.csv')
    other.write_bytes(csv_path.read_bytes())
    load_table(CsvSource(other))
    kept = {path.name for path in csv_path.parent.iterdir()} | {'fer2013.csv.npy', 'fer2013.csv.old-1.npy'}
    for name in (*kept - {path.name for path in csv_path.parent.iterdir()}, 'fer2013.csv.emonext_mm.cache'):
        csv_path.with_name(name).write_bytes(b'x')
    load_table(CsvSource(csv_path))
    found = {path.name for path in csv_path.parent.iterdir()}
    assert kept < found
    assert len(found) == len(kept) + 1
    assert 'fer2013.csv.emonext_mm.cache' not in found


@pytest.mark.parametrize('damage', [lambda data: data[:-1], lambda data: data[:5000], lambda data: b'',
                                    lambda data: b'\x80\x04K\x01.'])
def test_damaged_cache_is_made_anew(csv_path, log, damage):
    expected = load_table(CsvSource(csv_path)).images.copy()
    cache = only_cache(csv_path.parent)
    whole = cache.read_bytes()
    cache.unlink()  # the open table maps the old file
    cache.write_bytes(damage(whole))
    np.testing.assert_array_equal(load_table(CsvSource(csv_path)).images, expected)
    assert str(cache) in log[1]
    assert 'damaged' in log[1]
    assert log[1].endswith(f'reading {csv_path}')
    assert cache.read_bytes() == whole


def test_forged_cache_is_made_anew(csv_path, log):
    load_table(CsvSource(csv_path))
    cache = only_cache(csv_path.parent)
    records = np.load(cache)
    cache.unlink()
    records['labels'][3] = 99
    np.save(cache, records)
    assert load_table(CsvSource(csv_path)).labels.max() == 6
    assert '99' in log[1]
    assert np.load(cache)['labels'].max() == 6


def refuse_writing(monkeypatch, refused):
    save = FaceTable.save

    def refusing(self, path):
        if refused(path):
            raise PermissionError(13, 'Permission denied', str(path))
        save(self, path)

    monkeypatch.setattr(FaceTable, 'save', refusing)


def test_cache_of_a_read_only_folder_is_in_the_users_cache_folder(csv_path, user_cache, log, monkeypatch):
    refuse_writing(monkeypatch, lambda path: path.parent == csv_path.parent)
    first = load_table(CsvSource(csv_path))
    assert os.listdir(csv_path.parent) == ['fer2013.csv']
    old = only_cache(user_cache)
    again = load_table(CsvSource(csv_path))
    np.testing.assert_array_equal(again.images, first.images)
    assert log == [f'reading {csv_path}']
    change(csv_path)
    load_table(CsvSource(csv_path))
    assert only_cache(user_cache) != old


def test_users_cache_distinguishes_folders(tmp_path, csv_path, user_cache, monkeypatch):
    refuse_writing(monkeypatch, lambda path: path.parent != user_cache)
    faces = make_faces()
    other = write_fer2013(tmp_path / 'other', faces._replace(images=255 - faces.images))
    load_table(CsvSource(csv_path))
    np.testing.assert_array_equal(load_table(CsvSource(other)).images[0], 255 - faces.images[0])
    assert len(list(user_cache.iterdir())) == 2


def test_without_any_cache_the_faces_stay_in_memory(csv_path, user_cache, log, monkeypatch):
    refuse_writing(monkeypatch, lambda path: True)
    table = load_table(CsvSource(csv_path))
    assert len(table) == 21
    assert str(csv_path.parent) in log[1]
    assert str(user_cache) in log[1]


def test_failed_writing_leaves_nothing(csv_path, user_cache, monkeypatch):
    def no_space(*args, **kwargs):
        raise OSError('No space left on device')

    monkeypatch.setattr(np, 'save', no_space)
    assert len(load_table(CsvSource(csv_path))) == 21
    assert os.listdir(csv_path.parent) == ['fer2013.csv']
    assert os.listdir(user_cache) == []


def test_error_while_reading_leaves_no_cache(csv_path):
    csv_path.write_bytes(csv_path.read_bytes()[:-100])
    with pytest.raises(ValueError, match='line 22'):
        load_table(CsvSource(csv_path))
    assert os.listdir(csv_path.parent) == ['fer2013.csv']
