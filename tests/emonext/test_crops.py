import numpy as np
import pytest

from emonext.crops import crop_face, crop_faces


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_whole_square_of_the_model_size_is_unchanged():
    picture = noise(48, 48)
    np.testing.assert_array_equal(crop_face(picture, (0, 0, 48, 48), 48, 3), picture.transpose(2, 0, 1))
    grey = picture @ [0.299, 0.587, 0.114]  # ITU-R 601
    np.testing.assert_allclose(crop_face(picture, (0, 0, 48, 48), 48)[0], grey, atol=1)


@pytest.mark.parametrize('box', [(8, 4, 104, 100), (8.3, 3.8, 104.2, 99.9)])
def test_shrinking_takes_the_mean_of_areas(box):
    picture = noise(120, 160)
    expected = picture[4:100, 8:104].reshape(48, 2, 48, 2, 3).mean((1, 3))
    np.testing.assert_allclose(crop_face(picture, box, 48, 3), expected.transpose(2, 0, 1), atol=1)


def test_growing_is_bilinear():
    """A ramp stays a ramp."""
    picture = np.repeat(np.arange(0, 240, 10, np.uint8)[None, :, None], 24, 0).repeat(3, 2)
    face = crop_face(picture, (0, 0, 24, 24), 48)[0].astype(int)
    assert set(np.diff(face[20, 1:-1])) <= {4, 5, 6}


@pytest.mark.parametrize('box', [(-12, -12, 36, 36), (-30, 10, 18, 58), (20, 20, 68, 68), (100, 100, 148, 148)])
def test_border_is_repeated(box):
    picture = noise(40, 50)
    left, top = box[:2]
    padded = np.pad(picture, ((150, 150), (150, 150), (0, 0)), 'edge')
    expected = padded[150 + top:198 + top, 150 + left:198 + left]
    np.testing.assert_array_equal(crop_face(picture, box, 48, 3), expected.transpose(2, 0, 1))


def test_part():
    picture = noise(100, 100)
    np.testing.assert_array_equal(crop_face(picture, (0, 0, 100, 100), 48, part=0.5),
                                  crop_face(picture, (25, 25, 75, 75), 48))


@pytest.mark.parametrize('size', [(1, 1), (1, 300), (300, 1)])
def test_thin_pictures(size):
    assert crop_face(noise(*size), (0, 0, size[1], size[0]), 48).shape == (1, 48, 48)


def test_batches():
    assert crop_faces(noise(9, 9), [], 48, 3, 1.0).shape == (0, 3, 48, 48)
    assert crop_faces(noise(9, 9), [(0, 0, 9, 9)] * 2, 48, 1, 1.0).shape == (2, 1, 48, 48)
