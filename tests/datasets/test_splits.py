import numpy as np
import pytest

from emonext_mm.datasets.splits import OFFICIAL_COUNTS, OFFICIAL_NAMES, SPLITS, is_mixed
from emonext_mm.emotions import UNLABELLED


def test_sizes_of_fer2013():
    assert [sum(OFFICIAL_COUNTS[split]) for split in SPLITS] == [28709, 3589, 3589]
    assert [len(OFFICIAL_COUNTS[split]) for split in SPLITS] == [7] * 3


def test_official_names():
    assert [OFFICIAL_NAMES[split] for split in SPLITS] == ['Training', 'PublicTest', 'PrivateTest']


@pytest.mark.parametrize(('split', 'count', 'expected'), [
    ('test', 3589, False), ('test', 3590, True), ('test', 7178, True), ('train', 28709, False), ('val', 3589, False),
    ('val', 7178, False), ('test', 100, False)])
def test_public_and_private_test_together(split, count, expected):
    assert is_mixed(split, np.zeros(count, int)) is expected


def test_faces_without_labels_are_mixed():
    assert is_mixed('test', np.full(5, UNLABELLED))
    assert not is_mixed('test', np.array([UNLABELLED, 3]))
