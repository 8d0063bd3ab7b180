import numpy as np
import pytest

from emonext_mm.audit.findings import Leak, find_defects, surplus
from emonext_mm.datasets.drawn_face import draw_face

TRAIN, VAL, TEST = range(3)
COUNT = 140


@pytest.fixture(scope='module')
def drawn():
    return np.stack([draw_face(i % 7, np.random.default_rng(i)) for i in range(COUNT)])


@pytest.fixture
def sound(drawn):
    """Images, labels, splits: different faces, four of seven for training."""
    numbers = np.arange(COUNT)
    splits = np.array([TRAIN, TRAIN, TRAIN, TRAIN, VAL, VAL, TEST])[numbers // 7 % 7]
    return drawn.copy(), numbers % 7, splits


def off_by_one(image):
    return np.where(image > 127, image - 1, image + 1).astype(np.uint8)


def members(groups):
    return [group.indices.tolist() for group in groups]


# smoke

def test_nothing_is_found_in_sound_faces(sound):
    found = find_defects(*sound)
    assert found.total == COUNT
    assert found.counts.tolist() == [[12] * 7, [6] * 7, [2] * 7]
    np.testing.assert_array_equal(found.counts.sum(axis=1), np.bincount(sound[2]))
    assert (found.exact, found.groups) == ([], [])
    assert [(c.exact, c.near) for c in found.leaks] == [(0, 0)] * 3
    assert len(found.blank) == len(found.mirrored) == 0


def test_nothing_is_found_in_noise():
    images = np.random.default_rng(0).integers(0, 256, (300, 48, 48), np.uint8)
    found = find_defects(images, np.zeros(300, int), np.zeros(300, int))
    assert (found.exact, found.groups, found.leaks) == ([], [], [])
    assert found.distances.sum() == len(found.mirrored) == len(found.blank) == 0


# exceptions

def test_lengths(sound):
    images, labels, splits = sound
    with pytest.raises(ValueError, match='140 images, 139 labels, 140 splits'):
        find_defects(images, labels[1:], splits)


@pytest.mark.parametrize(('label', 'split', 'message'), [
    (7, 0, 'label 7, expected -1 to 6'),
    (-2, 0, 'label -2, expected -1 to 6'),
    (0, 3, 'split 3, expected 0 to 2'),
])
def test_values(sound, label, split, message):
    images, labels, splits = sound
    labels[5], splits[5] = label, split
    with pytest.raises(ValueError, match=message):
        find_defects(images, labels, splits)


# defects, planted

def test_exact_and_near_duplicates_in_groups(sound):
    images, labels, splits = sound
    images[[20, 90]] = images[3]
    images[41] = off_by_one(images[40])
    images[60] = off_by_one(images[20])
    found = find_defects(images, labels, splits)
    assert members(found.exact) == [[3, 20, 90]]
    assert members(found.groups) == [[3, 20, 60, 90], [40, 41]]
    assert [group.exact for group in found.groups] == [False, False]
    assert (surplus(found.exact), surplus(found.groups)) == (2, 4)
    # Distinct images: 3 and 60, 40 and 41 are each other's nearest, at one grey level.
    assert found.distances[:2].sum() == 4


def test_contradicting_labels(sound):
    images, labels, splits = sound
    images[[7, 8]] = images[0]
    labels[[0, 7, 8]] = 2, 2, 5
    images[30] = images[16]
    labels[[16, 30]] = 4, -1  # no label contradicts none
    found = find_defects(images, labels, splits)
    assert [group.labels for group in found.groups] == [(2, 5), (4,)]
    assert [group.contradicts for group in found.groups] == [True, False]
    assert found.unlabelled.sum() == 1
    assert found.counts.sum() == COUNT - 1


def test_duplicates_across_splits(sound):
    images, labels, splits = sound
    train, val, test = (np.flatnonzero(splits == split) for split in (TRAIN, VAL, TEST))
    images[val[:3]] = images[train[0]]
    images[val[3]] = off_by_one(images[train[1]])
    images[test[0]] = off_by_one(images[train[2]])
    images[test[1]] = images[train[3]] = images[val[4]]
    images[train[5]] = images[train[4]]  # no leak
    found = find_defects(images, labels, splits)
    assert found.leaks == [Leak(VAL, TRAIN, 4, 1), Leak(TEST, TRAIN, 1, 1), Leak(TEST, VAL, 1, 0)]
    assert [group.splits for group in found.groups if len(group.splits) == 3] == [(TRAIN, VAL, TEST)]


def test_a_missing_split_has_no_leak(sound):
    images, labels, splits = sound
    found = find_defects(images[splits != TEST], labels[splits != TEST], splits[splits != TEST])
    assert found.leaks == [Leak(VAL, TRAIN, 0, 0)]


def test_blank_images(sound):
    images, labels, splits = sound
    images[[10, 11]] = 0
    images[12] = 200
    images[13] = 0
    images[13, :3, :3] = 60  # a speck
    found = find_defects(images, labels, splits)
    assert found.blank.tolist() == [10, 11, 12, 13]
    assert members(found.groups) == [[10, 11]]


def test_mirrored_duplicates(sound):
    images, labels, splits = sound
    images[50] = images[9, :, ::-1]
    images[51] = off_by_one(images[10])[:, ::-1]
    images[52] = np.where(np.arange(48) < 24, images[52], images[52, :, ::-1])  # its own mirror image
    np.testing.assert_array_equal(images[52], images[52, :, ::-1])
    found = find_defects(images, labels, splits)
    assert found.mirrored.tolist() == [[9, 50], [10, 51]]
    assert found.groups == []


def test_the_images_are_not_changed(sound):
    before = [array.copy() for array in sound]
    find_defects(*sound)
    for array, old in zip(sound, before):
        np.testing.assert_array_equal(array, old)
