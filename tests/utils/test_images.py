import numpy as np
import pytest

from emonext_mm.utils.images import to_levels, to_three_channels

FACE = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize('shape', [(16, 16), (16, 16, 1)])
def test_three_channels(shape):
    for channel in np.moveaxis(to_three_channels(FACE.reshape(shape)), 2, 0):
        np.testing.assert_array_equal(channel, FACE)
    colour = np.zeros((2, 3, 3))
    assert to_three_channels(colour) is colour


@pytest.mark.parametrize(('scale', 'dtype'), [
    (1 / 255, np.float32), (1 / 255, np.float64), (1 / 255, np.float16), (257, np.uint16), (257, np.int32),
    (1, np.int64), (1, np.uint16)])
def test_other_units(scale, dtype):
    found = to_levels(np.multiply(FACE, scale, dtype=float).astype(dtype))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, FACE)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32, np.float64])
def test_what_is_not_changed(dtype):
    image = FACE.astype(dtype)
    assert to_levels(image) is image


@pytest.mark.parametrize(('image', 'told'), [
    (FACE / 255 * 1.01, '0 to 1.01'), (FACE.astype(float) - 1, '-1 to 254'), (FACE * 2.0, '0 to 510'),
    (np.array([[0, np.nan]]), 'nan'), (np.array([[0, np.inf]]), 'inf'), (np.array([[0, 70000]]), '70000'),
    (np.array([[-1, 5]]), '-1 to 5'), (FACE > 3, 'bool'), (FACE.astype(complex), 'complex'),
])
def test_units_that_are_not_clear(image, told):
    with pytest.raises(ValueError, match=told):
        to_levels(image)
