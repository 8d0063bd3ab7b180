from emonext_mm.datasets.splits import OFFICIAL_COUNTS, OFFICIAL_NAMES, SPLITS


def test_sizes_of_fer2013():
    assert [sum(OFFICIAL_COUNTS[split]) for split in SPLITS] == [28709, 3589, 3589]
    assert [len(OFFICIAL_COUNTS[split]) for split in SPLITS] == [7] * 3


def test_official_names():
    assert [OFFICIAL_NAMES[split] for split in SPLITS] == ['Training', 'PublicTest', 'PrivateTest']
