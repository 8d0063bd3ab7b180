import os

import numpy as np
import pytest

from emonext_mm.audit.faces import named_as_duplicate, read_faces
from emonext_mm.datasets.fer2013 import FER2013
from tests.helpers.fer2013_files import csv_rows, make_faces, write_fer2013, write_folders, write_image, write_lines


@pytest.fixture
def faces():
    return make_faces()


# smoke

@pytest.mark.parametrize('write', [write_fer2013, write_folders])
def test_reads_what_the_data_set_reads(tmp_path, faces, write):
    write(tmp_path, faces)
    read = read_faces(str(tmp_path))
    splits = [FER2013(str(tmp_path), split=split) for split in ('train', 'val', 'test')]
    np.testing.assert_array_equal(read.images, np.concatenate([split.images for split in splits]))
    np.testing.assert_array_equal(read.labels, np.concatenate([split.labels for split in splits]))
    assert read.splits.tolist() == [i for i, split in enumerate(splits) for _ in range(len(split))]
    ids = [sample['sample_id'] for split in splits for sample in split]
    assert [name.rpartition('/')[2].removesuffix('.png') for name in read.names] == ids
    assert read.faults == []


def test_the_two_files_of_the_competition(tmp_path, faces):
    rows = csv_rows(faces)
    write_lines(tmp_path / 'train.csv', 'emotion,pixels', [row[:2] for row in rows[:15]])
    write_lines(tmp_path / 'test.csv', 'pixels', [row[1:2] for row in rows[15:]])
    read = read_faces(str(tmp_path))
    np.testing.assert_array_equal(read.images, faces.images)
    assert read.splits.tolist() == [0] * 15 + [2] * 6
    assert len(read.sources) == 2


# exceptions

def test_no_data(tmp_path):
    with pytest.raises(FileNotFoundError, match=f'No FER2013 data in {tmp_path}'):
        read_faces(str(tmp_path))


def test_a_csv_with_a_wrong_line_is_one_error(tmp_path, faces):
    rows = csv_rows(faces)
    rows[2][0] = '7'
    path = write_lines(tmp_path / 'fer2013.csv', 'emotion,pixels,Usage', rows)
    with pytest.raises(ValueError, match=f'{path}.*7'):
        read_faces(str(tmp_path))


def test_every_unreadable_file_is_listed_and_the_rest_read(tmp_path, faces):
    write_folders(tmp_path, faces)
    for name, data in (('train/happy/broken.jpg', b'not an image'), ('test/sad/PublicTest_900.png', b'')):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    write_image(tmp_path / 'train' / 'fear' / 'large_7.png', np.zeros((50, 49), np.uint8))
    read = read_faces(str(tmp_path))
    assert len(read.images) == len(faces.images)
    assert sorted(read.faults) == sorted([
        f'{tmp_path}/train/happy/broken.jpg: not an image that can be decoded',
        f'{tmp_path}/test/sad/PublicTest_900.png: not an image that can be decoded',
        f'{tmp_path}/train/fear/large_7.png: 49x50 pixels, expected a square',
    ])
    with pytest.raises(ValueError, match=r'not an image|49x50'):
        FER2013(str(tmp_path))
    assert not list(tmp_path.glob('*.npy'))  # of incomplete data


def test_faces_of_another_size(tmp_path, faces):
    write_folders(tmp_path, faces._replace(images=faces.images.repeat(4, axis=1).repeat(4, axis=2)))
    read = read_faces(str(tmp_path))
    assert len(read.images) == len(faces.images)
    assert {image.tobytes() for image in read.images} == {image.tobytes() for image in faces.images}


def test_what_is_no_file_is_listed(tmp_path, faces):
    """Nothing hangs, nothing is left out."""
    folder = write_folders(tmp_path, faces) / 'train' / 'angry'
    os.mkfifo(folder / 'pipe.jpg')
    (folder / 'folder.jpg').mkdir()
    (folder / 'loop.jpg').symlink_to('loop.jpg')
    (folder / 'gone.jpg').symlink_to('nowhere.jpg')
    read = read_faces(str(tmp_path))
    assert len(read.images) == len(faces.images)
    assert len(read.faults) == 4
    for name in ('pipe', 'folder', 'loop', 'gone'):
        assert any(f'{folder}/{name}.jpg' in fault for fault in read.faults)


# names

@pytest.mark.parametrize('name', [
    'train/happy/Training_12.jpg0.jpg', 'Training_12.jpg_3.png', '7.JPG.jpg', 'face (2).png', 'face copy.jpg',
    'face_flip.png', 'face_rotated_10.png', 'aug_7.png', 'face-mirror.bmp',
])
def test_names_of_duplicates(name):
    assert named_as_duplicate(name)


@pytest.mark.parametrize('name', [
    'train/happy/Training_10118481.jpg', 'PublicTest_1.png', 'PrivateTest_88305.jpg', 'im0.png', '35887.webp',
    'copy/happy/Training_1.jpg', 'carrot_1.png', 'Training_5',
])
def test_names_of_originals(name):
    assert not named_as_duplicate(name)
