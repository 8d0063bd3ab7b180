import math

import pytest

from emonext.boxes import check_inside, overlap, square
from emonext.errors import EmonextError


def test_square_has_the_height_and_the_centre():
    assert square((10, 20, 40, 80)) == (-5, 20, 55, 80)


@pytest.mark.parametrize(('other', 'expected'), [((0, 0, 2, 2), 1), ((1, 0, 3, 2), 1 / 3), ((2, 0, 4, 2), 0),
                                                 ((0.5, 0.5, 1, 1), 1 / 16)])
def test_overlap(other, expected):
    assert overlap((0, 0, 2, 2), other) == pytest.approx(expected)


@pytest.mark.parametrize('box', [(0, 0, 9, 9), (0, 0, 1, 1), (-5, -5, 1, 1), (-40, -40, 120, 120)])
def test_boxes_that_can_be_faces(box):
    check_inside(box, 100, 80, 'a.jpg')


@pytest.mark.parametrize(('box', 'words'), [
    ((5, 0, 5, 9), 'left 5'), ((0, 9, 9, 5), 'top 9'), ((0, 0, math.nan, 9), 'nan'), ((0, 0, math.inf, 9), 'inf'),
    ((100, 0, 110, 9), 'outside'), ((0, -9, 9, 0), 'outside'), ((-1e12, -1e12, 1e12, 1e12), '2 times'),
    ((0, 0, 50, 201), '2 times'), ((0.2, 0.1, 0.8, 0.9), r'0\.2, 0\.1, 0\.8, 0\.9.*pixel'), ((5, 0, 5.5, 9), 'pixel')])
def test_boxes_that_cannot(box, words):
    with pytest.raises(EmonextError, match=rf'a\.jpg.*{words}'):
        check_inside(box, 100, 80, 'a.jpg')
