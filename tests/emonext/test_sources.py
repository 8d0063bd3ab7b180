import io
import os

import numpy as np
import pytest
from PIL import Image

from emonext.pictures import read_picture
from emonext.sources import find_items
from emonext.video import Video
from tests.emonext.films import write_film


def names(source):
    return [(item.name, item.kind) for item in find_items(source)]


def test_folder_pattern_and_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('b.jpg', 'a.PNG', 'notes.txt', 'c.mp4', 'in/d.jpeg', 'odd[1].jpg'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert names('.') == [('./a.PNG', 'picture'), ('./b.jpg', 'picture'), ('./c.mp4', 'video'),
                          ('./odd[1].jpg', 'picture'), ('./in/d.jpeg', 'picture')]
    assert names('**/*.jp*g') == [('b.jpg', 'picture'), ('in/d.jpeg', 'picture'), ('odd[1].jpg', 'picture')]
    assert names(['notes.txt', tmp_path / 'c.mp4']) == [('notes.txt', 'picture'), (str(tmp_path / 'c.mp4'), 'video')]
    assert names('odd[1].jpg') == [('odd[1].jpg', 'picture')]  # a file of this name, no pattern
    assert names('*.bmp') == [('*.bmp', 'error')]
    assert names('missing.jpg') == [('missing.jpg', 'picture')]  # an error when it is read


def test_values_in_memory():
    image = Image.new('L', (4, 4))
    assert names([np.zeros((4, 4)), image, b'x', np.zeros((2, 4, 4, 3)), io.BytesIO(b'x'), image]) == [
        ('array 0', 'array'), ('image 0', 'picture'), ('bytes 0', 'picture'), ('array 1', 'array'),
        ('array 2', 'array'), ('bytes 1', 'picture'), ('image 1', 'picture')]
    assert names(3) == [('camera 3', 'camera')]


@pytest.mark.parametrize('source', [None, 1.5, True])
def test_other_types(source):
    item, = find_items(source)
    assert item.kind == 'error'
    assert type(source).__name__ in str(item.content)


def test_numbers_in_a_list_are_no_cameras():
    assert {kind for _, kind in names([[1, 2], [3, 4]])} == {'error'}


def test_an_empty_folder(tmp_path):
    (tmp_path / 'notes.txt').touch()
    assert names(tmp_path) == [(str(tmp_path), 'error')]


@pytest.mark.parametrize(('frames', 'kind'), [(1, 'picture'), (3, 'video')])
def test_animated_gif_is_a_video(tmp_path, frames, kind):
    images = [Image.new('L', (20, 20), 60 * i) for i in range(frames)]
    images[0].save(tmp_path / 'a.gif', save_all=True, append_images=images[1:])
    assert names(tmp_path / 'a.gif') == [(str(tmp_path / 'a.gif'), kind)]


def test_hidden_files_are_left_out(tmp_path):
    for name in ('a.jpg', '._a.jpg', '.thumbnails/b.jpg', 'in/.part.mp4', 'in/c.mp4'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path) == [(str(tmp_path / 'a.jpg'), 'picture'), (str(tmp_path / 'in' / 'c.mp4'), 'video')]


def test_formats_that_are_not_read_are_told(tmp_path):
    for name in ('a.jpg', 'in/b.HEIC', 'in/c.jxl', 'in/.d.heic', 'e.txt'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.warns(UserWarning, match=r'^2 .*in/b\.HEIC') as warned:
        assert names(tmp_path) == [(str(tmp_path / 'a.jpg'), 'picture')]
    assert len(warned) == 1


@pytest.mark.parametrize(('name', 'kind'), [('a.dib', 'BMP'), ('a.j2k', None), ('a.pbm', None), ('a.apng', 'PNG')])
def test_pictures_with_rare_suffixes(picture, tmp_path, name, kind):
    path = picture(name, 255, mode='L', **({'format': kind} if kind else {}))
    assert names(tmp_path) == [(str(path), 'picture')]
    assert read_picture(path, name).mean() == 255


@pytest.mark.parametrize('suffix', ['flv', 'vob', '3g2', 'm2t'])
def test_videos_with_rare_suffixes(tmp_path, suffix):
    path = write_film(tmp_path / f'a.{suffix}', 0.3, sound=None)
    assert names(tmp_path) == [(str(path), 'video')]
    assert len(list(Video(path, 10**8))) == 3


def test_what_a_folder_has_is_named(tmp_path, monkeypatch):
    """Broken links and pipes, without waiting for them, and a folder that cannot be read."""
    (tmp_path / 'a.jpg').symlink_to('none')
    os.mkfifo(tmp_path / 'b.gif')
    (tmp_path / 'locked').mkdir()
    read = os.scandir

    def refuse(path):
        if os.path.basename(path) == 'locked':
            raise PermissionError(13, 'Permission denied', path)
        return read(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    assert names(tmp_path) == [(str(tmp_path / 'a.jpg'), 'picture'), (str(tmp_path / 'b.gif'), 'picture'),
                               (str(tmp_path / 'locked'), 'error')]


def test_arrays_of_other_libraries():
    class Tensor:
        """As a tensor of torch."""

        def __array__(self, dtype=None, copy=None):
            return np.ones((2, 4, 5, 3), np.uint8)

    items = list(find_items([Tensor()]))
    assert [item.name for item in items] == ['array 0', 'array 1']
    assert all(item.content.shape == (4, 5, 3) for item in items)
    assert names(np.array(['a.jpg', 'b.mp4'])) == [('a.jpg', 'picture'), ('b.mp4', 'video')]
