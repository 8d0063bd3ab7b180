import os
import shutil
import zipfile

import numpy as np
import pytest

from emonext_mm.datasets.readers.image_folder import FolderSource
from emonext_mm.datasets.readers.layouts import CsvSource, find_source
from tests.helpers.fer2013_files import (
    csv_rows,
    make_faces,
    write_fer2013,
    write_folders,
    write_icml,
    write_lines,
)


@pytest.fixture
def faces():
    return make_faces()


def test_message_about_missing_data_names_sources_and_layouts(tmp_path):
    for root in (tmp_path, tmp_path / 'nowhere'):
        with pytest.raises(FileNotFoundError) as caught:
            find_source(root, 'train')
        message = str(caught.value)
        assert message.splitlines()[0] == f'No FER2013 data in {root}'
        assert 'challenges-in-representation-learning-facial-expression-recognition-challenge' in message
        assert 'msambare/fer2013' in message
        for tree in ('fer2013.csv', 'icml_face_data.csv', 'train.csv', 'train/<class>/', 'PublicTest_<id>'):
            assert tree in message


def test_order_of_layouts(tmp_path, faces):
    write_folders(tmp_path, faces)
    assert isinstance(find_source(tmp_path, 'train'), FolderSource)
    for name in ('train.csv', 'icml_face_data.csv', 'FER2013.csv'):
        write_lines(tmp_path / name, 'emotion,pixels,Usage', [])
        assert find_source(tmp_path, 'val').path == tmp_path / name
    assert find_source(tmp_path / 'train.csv', 'train').path == tmp_path / 'train.csv'


def test_competition_files(tmp_path):
    write_lines(tmp_path / 'train.csv', 'emotion,pixels', [])
    assert find_source(tmp_path, 'test').path.name == 'train.csv'
    write_lines(tmp_path / 'test.csv', 'pixels', [])
    names = [find_source(tmp_path, split).path.name for split in ('train', 'val', 'test')]
    assert names == ['train.csv', 'train.csv', 'test.csv']


def test_csv_and_icml_and_folder_are_the_same_faces(tmp_path, faces):
    tables = [CsvSource(write_fer2013(tmp_path, faces)).read(), CsvSource(write_icml(tmp_path, faces)).read(),
              FolderSource(write_folders(tmp_path, faces)).read()]
    for table in tables[1:]:
        np.testing.assert_array_equal(table.images, tables[0].images)
        np.testing.assert_array_equal(table.labels, tables[0].labels)
        np.testing.assert_array_equal(table.splits, tables[0].splits)


@pytest.mark.parametrize('own', ['fer2013', 'images', 'archive/images'])
@pytest.mark.parametrize('write', [write_fer2013, write_folders])
def test_extra_levels_of_an_archive(tmp_path, faces, own, write):
    """Other folders and files lie beside; links lead back."""
    write(tmp_path / own, faces)
    (tmp_path / '__MACOSX' / 'train').mkdir(parents=True)
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'loop').symlink_to('.')
    (tmp_path / 'again').symlink_to(own)
    (tmp_path / 'self').symlink_to('self')
    assert find_source(tmp_path, 'val').folder.resolve() == tmp_path / own


def test_no_deeper(tmp_path, faces):
    write_fer2013(tmp_path / 'a' / 'b' / 'c', faces)
    with pytest.raises(FileNotFoundError):
        find_source(tmp_path, 'train')


def test_several_folders_with_data(tmp_path, faces):
    for name in ('a', 'b'):
        write_fer2013(tmp_path / name, faces)
    with pytest.raises(ValueError, match=f'^{tmp_path}: several .* data, {tmp_path}/a, {tmp_path}/b; .*data_root'):
        find_source(tmp_path, 'train')


@pytest.mark.parametrize('names', [('train', 'val', 'test'), ('Training', 'PublicTest', 'PrivateTest'),
                                   ('train', 'valid', 'test'), ('train', 'validation', 'test')])
@pytest.mark.parametrize('usage', [False, True])
def test_a_csv_file_for_each_split(tmp_path, faces, names, usage):
    for name, official in zip(names, ('Training', 'PublicTest', 'PrivateTest')):
        rows = [row[:2 + usage] for row in csv_rows(faces) if row[2] == official]
        write_lines(tmp_path / f'{name}.csv', 'emotion,pixels,Usage' if usage else 'emotion,pixels', rows)
    for split, name, official in zip(('train', 'val', 'test'), names, ('Training', 'PublicTest', 'PrivateTest')):
        for root in (tmp_path, tmp_path / f'{name}.csv'):
            table = find_source(root, split).read()
            part = table.split_slice(split)
            np.testing.assert_array_equal(table.images[part], faces.images[faces.of(official)])
            assert part == slice(0, len(table))


def test_csv_files_that_only_list_images(tmp_path, faces):
    write_folders(tmp_path, faces)
    for name in ('train.csv', 'val.csv', 'test.csv', 'fer2013.csv'):
        write_lines(tmp_path / name, 'path,label', [['train/happy/1.png', 'happy']])
    for split in ('train', 'val', 'test'):
        assert isinstance(find_source(tmp_path, split), FolderSource)
    shutil.rmtree(tmp_path / 'train')
    shutil.rmtree(tmp_path / 'test')
    (tmp_path / 'fer2013.csv').unlink()
    with pytest.raises(ValueError, match=r"val\.csv, line 1: no column 'pixels'"):
        find_source(tmp_path, 'val').read()


@pytest.mark.parametrize('place', ['x.zip', 'folder/x.zip', 'folder/fer2013.csv', 'x.csv'])
def test_archive_in_place_of_data(tmp_path, place):
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('fer2013.csv', 'emotion,pixels,Usage')
    with pytest.raises(ValueError, match=f'^{path} is an archive. .*zipfile -e {path} {path.parent}$'):
        find_source(path.parent if path.parent != tmp_path else path, 'train')


@pytest.mark.parametrize('name', ['pipe', 'zero', 'loop', 'a\0b', 'a' * 300])
def test_no_folder_and_no_file(tmp_path, name):
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'zero').symlink_to('/dev/zero')
    (tmp_path / 'loop').symlink_to('loop')
    with pytest.raises((ValueError, OSError), match=name.partition('\0')[0]):
        find_source(f'{tmp_path}/{name}', 'train')


@pytest.mark.parametrize('make', [os.mkfifo, os.mkdir, lambda path: os.symlink(path, path)])
def test_what_has_the_name_of_a_csv_file(tmp_path, faces, make):
    write_folders(tmp_path, faces)
    for name in ('fer2013.csv', 'train.csv', 'Validation'):
        make(tmp_path / name) if name.endswith('.csv') else os.symlink('Validation', tmp_path / name)
    assert find_source(tmp_path, 'train').path == tmp_path
    assert len(find_source(tmp_path, 'train').read()) == len(faces.images)
