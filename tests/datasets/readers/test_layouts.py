import os

import numpy as np
import pytest

from emonext_mm.datasets.readers.layouts import CsvSource, FolderSource, find_source
from tests.helpers.fer2013_files import (
    NAMES,
    make_faces,
    write_fer2013,
    write_folders,
    write_icml,
    write_image,
    write_lines,
)


@pytest.fixture
def faces():
    return make_faces()


def paths(table, split):
    return [path.decode() for path in table.paths[table.split_slice(split)]]


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


def test_order_in_folders_is_by_number_then_path(tmp_path, faces):
    for name in ('train/sad/Training_10.png', 'train/sad/Training_9.png', 'train/angry/Training_100.png',
                 'train/happy/b.png', 'train/fear/b.png', 'train/happy/Training_9.png'):
        write_image(tmp_path / name, faces.images[0])
    assert paths(FolderSource(tmp_path).read(), 'train') == [
        'train/fear/b.png', 'train/happy/b.png', 'train/happy/Training_9.png', 'train/sad/Training_9.png',
        'train/sad/Training_10.png', 'train/angry/Training_100.png']


def test_class_folders_are_mapped_by_name(tmp_path, faces):
    names = ('Anger', 'DISGUSTED', 'Fearful', 'happiness', 'Sadness', 'surprised', 'Neutral')
    odd = FolderSource(write_folders(tmp_path / 'odd', faces, names)).read()
    plain = FolderSource(write_folders(tmp_path / 'plain', faces)).read()
    np.testing.assert_array_equal(odd.images, plain.images)
    np.testing.assert_array_equal(odd.labels, plain.labels)


def test_unknown_class_folder(tmp_path, faces):
    write_folders(tmp_path, faces)
    write_image(tmp_path / 'train' / 'contempt' / '1.png', faces.images[0])
    with pytest.raises(ValueError, match=f"^{tmp_path}/train/contempt: unknown class 'contempt'"):
        FolderSource(tmp_path).state()


@pytest.mark.parametrize('val', ['val', 'Validation'])
def test_three_folders(tmp_path, faces, val):
    folders = {'train': 'Train', 'val': val, 'test': 'test'}
    for folder in folders.values():
        for row in range(3):
            write_image(tmp_path / folder / 'happy' / f'{folder}{row}.png', faces.images[row])
    table = FolderSource(tmp_path).read()
    for split, folder in folders.items():
        assert paths(table, split) == [f'{folder}/happy/{folder}{row}.png' for row in range(3)]


def test_test_folder_without_prefixes_is_the_test_split_alone(tmp_path, faces):
    for row in range(4):
        write_image(tmp_path / 'test' / 'happy' / f'{row}.png', faces.images[row])
    source = FolderSource(tmp_path)
    table = source.read()
    assert table.split_slice('test') == slice(0, 4)
    assert 'never used for validation' in source.why_missing('val')


def test_test_folder_in_which_only_some_names_begin_with_a_split(tmp_path, faces):
    write_image(tmp_path / 'test' / 'happy' / 'PublicTest_1.png', faces.images[0])
    write_image(tmp_path / 'test' / 'happy' / 'face_2.png', faces.images[1])
    with pytest.raises(ValueError, match=r'face_2\.png: its name begins with neither PublicTest_ nor Priv'):
        FolderSource(tmp_path).state()


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.JPEG', '.webp', '.bmp'])
def test_formats_and_colour(tmp_path, suffix):
    grey = np.full((48, 48), 120, np.uint8)
    grey[:, 24:] = 60
    write_image(tmp_path / 'train' / 'sad' / f'1{suffix}', np.repeat(grey[..., None], 3, axis=2))
    (tmp_path / 'train' / 'sad' / 'Thumbs.db').write_bytes(b'x')
    (tmp_path / 'train' / '.ipynb_checkpoints').mkdir()
    table = FolderSource(tmp_path).read()
    assert table.images.shape == (1, 48, 48)
    assert np.abs(table.images[0].astype(int) - grey).max() <= 3


def test_wrong_size(tmp_path, faces):
    write_folders(tmp_path, faces)
    bad = write_image(tmp_path / 'train' / 'sad' / 'Training_900.png', np.zeros((48, 64), np.uint8))
    with pytest.raises(ValueError, match=f'^{bad}: 64x48 pixels, expected 48x48'):
        FolderSource(tmp_path).read()


@pytest.mark.parametrize('data', [b'', b'no image'])
def test_undecodable_file(tmp_path, faces, data):
    bad = write_folders(tmp_path, faces) / 'train' / 'sad' / 'Training_900.png'
    bad.parent.mkdir(exist_ok=True)
    bad.write_bytes(data)
    with pytest.raises(ValueError, match=f'^{bad}: not an image'):
        FolderSource(tmp_path).read()


def test_empty_class_folders(tmp_path):
    (tmp_path / 'train' / 'sad').mkdir(parents=True)
    with pytest.raises(ValueError, match='no images'):
        FolderSource(tmp_path).read()


def test_state_depends_on_every_file(tmp_path, faces):
    write_folders(tmp_path, faces)
    states = [FolderSource(tmp_path).state()]
    assert FolderSource(tmp_path).state() == states[0]
    added = write_image(tmp_path / 'train' / NAMES[0] / 'Training_900.png', faces.images[0])
    states.append(FolderSource(tmp_path).state())
    added.rename(added.with_name('Training_901.png'))
    states.append(FolderSource(tmp_path).state())
    added = added.with_name('Training_901.png')
    for size, time in ((100, 1), (100, 2), (101, 2)):
        added.write_bytes(b'x' * size)
        os.utime(added, ns=(time, time))
        states.append(FolderSource(tmp_path).state())
    assert len(set(states)) == 6
