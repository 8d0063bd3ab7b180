import numpy as np
import pytest

from emonext.faces.base import shrink


@pytest.mark.parametrize(('size', 'expected', 'factor'), [((30, 64), (30, 64), 1), ((300, 640), (30, 64), 10),
                                                          ((1, 6400), (1, 64), 100)])
def test_shrink(size, expected, factor):
    small, found = shrink(np.full((*size, 3), 7, np.uint8), 64)
    assert (small.shape[:2], found) == (expected, factor)
    assert (small == 7).all()
