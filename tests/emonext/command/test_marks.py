import numpy as np
import pytest
from PIL import Image

from emonext.command.marks import is_result, save_picture
from emonext.results import columns_of
from emonext.video_writer import VideoWriter
from tests.emonext.films import write_film


@pytest.mark.parametrize('name', ['a.png', 'a.jpg', 'a.jpeg'])
def test_pictures(tmp_path, picture, name):
    assert not is_result(picture(name))
    save_picture(Image.new('RGB', (9, 9)), tmp_path / name)
    assert is_result(tmp_path / name)
    assert Image.open(tmp_path / name).size == (9, 9)


def test_videos(tmp_path):
    assert not is_result(write_film(tmp_path / 'a.mp4', 0.3))
    writer = VideoWriter(tmp_path / 'a.mp4', None, 'emonext')
    writer.write(np.zeros((48, 64, 3), np.uint8), 0)
    writer.close()
    assert is_result(tmp_path / 'a.mp4')


@pytest.mark.parametrize(('text', 'answer'), [
    ('', True), ('{"source": "a"', True), ('{"sou', True), (','.join(columns_of(['x'])) + '\n', True),
    ('source,frame', True), ('source,left,top\n', False), ('{"a": 1}', False), ('notes', False)])
def test_texts(tmp_path, text, answer):
    (tmp_path / 'a').write_text(text)
    assert is_result(tmp_path / 'a') is answer


def test_what_cannot_be_read(tmp_path):
    (tmp_path / 'a.png').write_text('no picture')
    (tmp_path / 'a.mp4').write_text('no film')
    assert not any(is_result(tmp_path / name) for name in ('a.png', 'a.mp4', 'none', '.'))
