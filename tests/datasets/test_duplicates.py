import cv2
import numpy as np
import pytest

from emonext_mm.datasets.drawn_face import draw_face
from emonext_mm.datasets.duplicates import LIMIT, close_pairs, contrast, first_equal, have_duplicate, linked_groups


@pytest.fixture(scope='module')
def faces():
    """(200, 48, 48), all different."""
    return np.stack([draw_face(i % 7, np.random.default_rng(i)) for i in range(200)])


def jpeg(image, quality):
    return cv2.imdecode(cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def noisy(image):
    noise = np.random.default_rng(1).integers(-1, 2, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


def brute_force(images, others, limit):
    """Pairs by the rule in the module's docstring, one at a time."""
    found = []
    for i, image in enumerate(images.astype(float)):
        for j, other in enumerate(others.astype(float)):
            rms = np.sqrt(((image - other) ** 2).mean())
            if rms <= limit and rms <= min(image.std(), other.std()) / 2 and min(image.std(), other.std()) > 0:
                found.append((i, j))
    return found


# smoke

def test_equal_images_are_a_pair(faces):
    pairs, distances = close_pairs(faces[[3, 5, 3]])
    assert pairs.tolist() == [[0, 2]]
    assert distances.tolist() == [0]


@pytest.mark.parametrize('count', [0, 1])
def test_too_few_for_a_pair(faces, count):
    pairs, distances = close_pairs(faces[:count])
    assert (pairs.shape, distances.shape) == ((0, 2), (0,))
    assert have_duplicate(faces[:count], faces[:0]).tolist() == [False] * count
    assert have_duplicate(faces[:0], faces[:count]).tolist() == []


# exceptions

def test_sizes():
    with pytest.raises(ValueError, match=r'images are \(8, 12\) and \(8, 12\), expected one size, multiples of 8'):
        close_pairs(np.zeros((2, 8, 12), np.uint8))
    with pytest.raises(ValueError, match=r'images are \(8, 8\) and \(16, 16\)'):
        close_pairs(np.zeros((2, 8, 8), np.uint8), np.zeros((2, 16, 16), np.uint8))


# the rule

@pytest.mark.parametrize('change', [noisy, lambda image: jpeg(image, 95), lambda image: jpeg(image, 75)],
                         ids=['noise', 'jpeg95', 'jpeg75'])
def test_every_near_duplicate_is_found_and_nothing_else(faces, change):
    changed = np.stack([change(image) for image in faces])
    assert not (changed == faces).all(axis=(1, 2)).any()
    pairs, _ = close_pairs(faces, changed)
    # JPEG changes a noisy drawn face more than a photograph.
    kept = np.sqrt(((changed.astype(float) - faces) ** 2).mean(axis=(1, 2))) <= LIMIT
    assert kept.mean() > 0.9
    assert pairs.tolist() == [[i, i] for i in np.flatnonzero(kept)]


def test_other_faces_are_no_duplicates(faces):
    assert len(close_pairs(faces)[0]) == 0


def test_a_shift_by_two_pixels_is_no_duplicate(faces):
    clear = faces[contrast(faces) > 40]  # a faint face changes by few grey levels, wherever it is
    assert len(clear) > 100
    assert not have_duplicate(clear[:, :, :40], clear[:, :, 2:42]).any()


def test_pairs_are_those_of_a_comparison_one_by_one(faces):
    images = np.concatenate([faces[:40], faces[:40] + np.arange(40, dtype=np.uint8)[:, None, None] // 2])
    images = np.concatenate([images, (faces[:20] // 8)])  # flat ones, for which half the deviation decides
    for limit in (LIMIT, 30.0):
        expected = brute_force(images, images, limit)
        assert len(expected) > 130
        assert close_pairs(images, images, limit)[0].tolist() == [list(pair) for pair in expected]
        assert close_pairs(images, limit=limit)[0].tolist() == [[i, j] for i, j in expected if i < j]


def test_distances_are_root_mean_squares(faces):
    changed = np.stack([jpeg(image, 60) for image in faces])
    pairs, distances = close_pairs(faces, changed)
    assert len(pairs) > 100
    expected = [np.sqrt(np.mean((faces[i].astype(float) - changed[j]) ** 2)) for i, j in pairs]
    np.testing.assert_allclose(distances, expected, rtol=1e-5)


def test_no_pair_is_lost_between_chunks():
    rng = np.random.default_rng(0)
    brightness = rng.integers(20, 200, (700, 1, 1))  # what the images are sorted by
    many = (brightness + rng.integers(0, 40, (700, 48, 48))).astype(np.uint8)
    brighter = many + np.uint8(5)  # every duplicate comes later in the order
    expected = [[i, i] for i in range(700)]
    assert close_pairs(many, brighter)[0].tolist() == expected
    assert close_pairs(brighter, many)[0].tolist() == expected
    assert close_pairs(np.concatenate([many, brighter]))[0].tolist() == [[i, 700 + i] for i in range(700)]


def test_constant_images_have_only_exact_duplicates():
    black, grey = np.zeros((1, 48, 48), np.uint8), np.full((1, 48, 48), 3, np.uint8)
    assert len(close_pairs(np.concatenate([black, black, grey]))[0]) == 0
    assert have_duplicate(np.concatenate([black, grey]), black).tolist() == [True, False]


# parts

def test_have_duplicate(faces):
    others = np.stack([faces[4], noisy(faces[7])])
    assert np.flatnonzero(have_duplicate(faces, others)).tolist() == [4, 7]


def test_first_equal(faces):
    assert first_equal(faces[[1, 2, 1, 0, 2]]).tolist() == [0, 1, 0, 3, 1]


def test_linked_groups_follow_chains():
    pairs = np.array([[5, 4], [4, 3], [0, 7], [3, 2], [8, 8]])
    assert linked_groups(pairs, 9).tolist() == [0, 1, 2, 2, 2, 2, 6, 0, 8]
    assert linked_groups(np.empty((0, 2), np.int64), 3).tolist() == [0, 1, 2]


def test_linked_groups_are_those_of_repeated_merging():
    """Relabel one pair after the other, the plainest way, on random graphs."""
    rng = np.random.default_rng(0)
    for count in (30, 60, 120):
        pairs = rng.integers(0, 100, (count, 2))
        group = np.arange(100)
        for i, j in pairs:
            low, high = sorted((group[i], group[j]))
            group[group == high] = low
        np.testing.assert_array_equal(linked_groups(pairs, 100), group)


def test_contrast(faces):
    np.testing.assert_allclose(contrast(faces), faces.reshape(200, -1).std(axis=1), rtol=1e-4)
