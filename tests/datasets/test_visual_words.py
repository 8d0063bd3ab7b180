"""Dense SIFT and the pyramid against OpenCV and counts by hand."""
import cv2
import numpy as np
import pytest

from emonext_mm.datasets.visual_words import WORDS, Vocabulary, dense_sift, grid, pyramid

IMAGE = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)


def test_grid_is_centred():
    points = grid(48, 5)
    assert points.shape == (100, 2)
    assert (points.min(0) + points.max(0)).tolist() == [47, 47]
    assert (points[1] - points[0]).tolist() == [5, 0]
    assert grid(9, 4).tolist() == [[x, y] for y in (0, 4, 8) for x in (0, 4, 8)]


def test_descriptors_without_a_turn():
    found = dense_sift(IMAGE)
    assert found.shape == (100, 128)
    assert found.dtype == np.float32
    x, y = grid(48, 5)[37]
    point = cv2.KeyPoint(float(x), float(y), 4.0, 0)
    assert np.array_equal(cv2.SIFT_create().compute(IMAGE, [point])[1][0], found[37])
    turned = cv2.KeyPoint(float(x), float(y), 4.0)  # its angle is -1
    assert not np.array_equal(cv2.SIFT_create().compute(IMAGE, [turned])[1][0], found[37])


def test_flat_image_has_no_gradient():
    assert not dense_sift(np.full((48, 48), 128, np.uint8)).any()


@pytest.mark.parametrize('image', [IMAGE.astype(float), IMAGE[:, :40], IMAGE[..., None]])
def test_wrong_images(image):
    with pytest.raises(ValueError, match='48'):
        dense_sift(image)


def test_vocabulary_finds_clusters():
    centres = np.array([[0, 0], [100, 0], [0, 100]], np.float32)
    rows = np.repeat(centres, 20, 0) + np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    words = Vocabulary(3).fit(rows).assign(rows).reshape(3, 20)
    assert (words == words[:, :1]).all()
    assert len(set(words[:, 0])) == 3


def test_too_few_descriptors():
    with pytest.raises(ValueError, match='9'):
        Vocabulary(9).fit(np.zeros((4, 2), np.float32))


def test_columns_of_the_paper():
    points = grid(48, 5)
    words = [np.zeros((1, 100), int)] * 3
    assert pyramid(words, points, 48, WORDS).shape == (1, 201_000)


def test_pyramid_by_hand():
    """Four points, one in each quarter of 10 x 10 px: level 0 of 3 words, level 1 of 2 words in 4 cells."""
    points = np.array([[2, 2], [7, 2], [2, 7], [7, 7]])
    found = pyramid([np.array([[0, 2, 2, 2]]), np.array([[1, 0, 1, 1]])], points, 10, (3, 2)).toarray()
    expected = np.array([[1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1]])
    np.testing.assert_allclose(found, expected / np.sqrt(6), rtol=1e-6)


def test_presence_not_count():
    points = grid(48, 5)
    once = [np.r_[np.arange(50), np.zeros(50, int)][None]]
    again = [np.r_[np.arange(50), np.full(50, 7)][None]]
    first, second = (pyramid(each, points, 48, (60, )) for each in (once, again))
    assert np.array_equal(first.toarray(), second.toarray())
    assert first.toarray()[0, :50] == pytest.approx(50 ** -0.5)
