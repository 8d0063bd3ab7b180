import json

import numpy as np
import pytest
from PIL import Image

from emonext.command import marks
from emonext.command.marks import check_target, is_result, mark_of, save_picture
from emonext.errors import EmonextError
from emonext.results import Result, columns_of
from emonext.video_writer import VideoWriter
from tests.emonext.films import write_film


@pytest.mark.parametrize('name', ['a.png', 'a.jpg', 'a.jpeg'])
def test_pictures(tmp_path, picture, name):
    assert not is_result(picture(name))
    save_picture(Image.new('RGB', (9, 9)), tmp_path / name, 'it')
    assert is_result(tmp_path / name)
    assert Image.open(tmp_path / name).size == (9, 9)


def test_videos(tmp_path):
    assert not is_result(write_film(tmp_path / 'a.mp4', 0.3))
    writer = VideoWriter(tmp_path / 'a.mp4', None, mark_of(''))
    writer.write(np.zeros((48, 64, 3), np.uint8), 0)
    writer.close()
    assert is_result(tmp_path / 'a.mp4')


LINE = json.dumps(Result('a', 1, 1, ()).to_dict()) + '\n'


@pytest.mark.parametrize(('text', 'answer'), [
    ('', True), (LINE, True), (LINE + LINE[:9], True), (','.join(columns_of(['x'])) + '\n', True),
    ('source,frame', False), ('source,left,top\n', False), ('{"a": 1}', False), ('notes', False), ('s', False),
    ('{"source": "wikipedia", "text": "mine"}\n', False), (LINE[:-9], False), ('[1]', False), ('7', False)])
def test_texts(tmp_path, text, answer):
    (tmp_path / 'a').write_text(text)
    assert is_result(tmp_path / 'a') is answer


def test_what_cannot_be_read(tmp_path):
    (tmp_path / 'a.png').write_text('no picture')
    (tmp_path / 'a.mp4').write_text('no film')
    assert not any(is_result(tmp_path / name) for name in ('a.png', 'a.mp4', 'none', '.'))


def test_targets(tmp_path, picture, monkeypatch):
    """A result is replaced by that of the same source, and in a later run by any."""
    target = tmp_path / 'a.png'
    check_target(target, 'one')
    save_picture(Image.new('RGB', (9, 9)), target, 'one')
    check_target(target, 'one')
    with pytest.raises(EmonextError, match=r'a\.png'):
        check_target(target, 'two')
    monkeypatch.setattr(marks, 'RUN', 'later')
    check_target(target, 'two')
    picture('a.png')
    with pytest.raises(EmonextError, match=r'a\.png'):
        check_target(target, 'one')
