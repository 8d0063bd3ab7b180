import logging
import os
import re

import numpy as np
import pytest
from mmengine.logging import MMLogger

from emonext_mm.datasets.readers import image_folder
from emonext_mm.datasets.readers.image_folder import FolderSource
from tests.helpers.fer2013_files import NAMES, make_faces, write_folders, write_image


@pytest.fixture
def faces():
    return make_faces()


def paths(table, split):
    return [path.decode() for path in table.paths[table.split_slice(split)]]


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


@pytest.mark.parametrize('val', ['val', 'Validation', 'valid', 'PublicTest'])
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


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.JPEG', '.webp', '.bmp', '.tif', '.tiff', '.jfif', '.pgm', ''])
def test_formats_and_colour(tmp_path, suffix):
    grey = np.full((48, 48), 120, np.uint8)
    grey[:, 24:] = 60
    colour = np.repeat(grey[..., None], 3, axis=2)
    encoded = {'.jfif': '.jpg', '': '.png'}.get(suffix, suffix)
    written = write_image(tmp_path / 'train' / 'sad' / f'1{encoded}', grey if suffix == '.pgm' else colour)
    written.rename(written.with_name(f'1{suffix}'))
    for aside in ('Thumbs.db', 'desktop.ini', 'labels.csv', '._1.jpg'):
        written.with_name(aside).write_bytes(b'x')
    written.with_name('@eaDir').mkdir()
    (tmp_path / 'train' / '.ipynb_checkpoints').mkdir()
    table = FolderSource(tmp_path).read()
    assert table.images.shape == (1, 48, 48)
    assert np.abs(table.images[0].astype(int) - grey).max() <= 3


@pytest.fixture
def log():
    """Lines of MMEngine's logger."""
    lines, handler = [], logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


@pytest.mark.parametrize('side', [48, 112])
def test_faces_of_other_sizes_are_brought_to_one(tmp_path, side, log):
    """A gradient keeps its values; the log tells of it."""
    sides = (24, 48, 112, 224)
    for size in sides:
        ramp = np.linspace(0, 255, size).astype(np.uint8)
        write_image(tmp_path / 'train' / 'sad' / f'{size}.png', np.repeat(ramp[None], size, axis=0))
    table = FolderSource(tmp_path, side).read()
    assert table.images.shape == (4, side, side)
    assert np.abs(table.images.astype(float) - np.linspace(0, 255, side)).max() <= 6
    others = [size for size in sides if size != side]
    assert log == [f'{tmp_path}: {len(others)} of 4 images of {others[0]} to {others[-1]} pixels are brought to '
                   f'{side}x{side}']


def test_faces_that_keep_their_size(tmp_path, monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (112, 112), np.uint8)
    for name in ('1', '2'):
        write_image(tmp_path / 'train' / 'sad' / f'{name}.png', image)
    source = FolderSource(tmp_path, None)
    np.testing.assert_array_equal(source.read().images, [image, image])
    assert len({source.name, FolderSource(tmp_path).name, FolderSource(tmp_path, 112).name}) == 3  # of their caches
    monkeypatch.setattr(image_folder, 'MAX_TABLE', 2 * 112 * 112 - 1)
    with pytest.raises(ValueError, match=f'^{tmp_path}: 2 images of 112x112 .* face_size'):
        FolderSource(tmp_path, None).read()
    other = write_image(tmp_path / 'train' / 'sad' / '3.png', image[:48, :48])
    monkeypatch.setattr(image_folder, 'MAX_TABLE', 10**6)
    with pytest.raises(ValueError, match=f'^{other}: 48x48 pixels, others have 112x112; set face_size'):
        FolderSource(tmp_path, None).read()


def test_wrong_size(tmp_path, faces):
    write_folders(tmp_path, faces)
    bad = write_image(tmp_path / 'train' / 'sad' / 'Training_900.png', np.zeros((48, 64), np.uint8))
    with pytest.raises(ValueError, match=f'^{bad}: 64x48 pixels, expected a square'):
        FolderSource(tmp_path).read()


@pytest.mark.parametrize(('make', 'message'), [
    (os.mkfifo, 'x.jpg is not a regular file'),
    (os.mkdir, 'x.jpg is not a regular file'),
    (lambda path: os.symlink('nowhere', path), 'x.jpg'),
    (lambda path: os.symlink('x.jpg', path), 'x.jpg'),
    (lambda path: path.with_name('more').mkdir(), 'more is not a regular file'),
    (lambda path: path.with_name('x.jpg.part').write_bytes(b'x'), 'x.jpg.part: not an image'),
    (lambda path: (path.parents[1] / 'x.JPG').write_bytes(b'x'), 'train/x.JPG: an image outside of the class folders'),
    (lambda path: (path.parents[1] / 'loop').symlink_to('..'), "train/loop: unknown class 'loop'"),
    (lambda path: (path.parents[2] / 'Training').symlink_to('train'), 'two folders of the split train, Training and'),
    (lambda path: os.mkdir(os.path.join(os.fsencode(path.parent), b'x\xff')), 'no text in Unicode'),
])
def test_nothing_is_left_out(tmp_path, faces, make, message):
    """What is no image is refused by its name: pipes, folders, links that lead nowhere, parts of files."""
    write_folders(tmp_path, faces)
    make(tmp_path / 'train' / 'angry' / 'x.jpg')
    with pytest.raises((ValueError, OSError), match=re.escape(message)) as error:
        FolderSource(tmp_path).read()
    assert '\n' not in str(error.value)


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


@pytest.mark.parametrize('name', ['@1.jpg', '__1.png', '.1.webp', 'Thumbs.db.jpg'])
def test_no_image_is_left_out_for_the_beginning_of_its_name(tmp_path, faces, name):
    written = write_image(tmp_path / 'train' / 'sad' / 'x.png', faces.images[0])
    written.rename(written.with_name(name))
    assert len(FolderSource(tmp_path).read()) == 1


@pytest.mark.parametrize('suffix', ['.jpg', '.avif', '.HEIC', '.jp2', '.tif', '.jxl'])
def test_an_image_outside_of_the_class_folders(tmp_path, faces, suffix):
    write_image(tmp_path / 'train' / 'sad' / 'x.png', faces.images[0])
    (tmp_path / 'train' / f'y{suffix}').write_bytes(b'x')
    with pytest.raises(ValueError, match=rf'y\{suffix}: an image outside'):
        FolderSource(tmp_path).state()
