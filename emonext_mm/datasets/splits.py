"""The three splits of FER2013: their names here and in MMPretrain, their official names, and their sizes."""
from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from emonext_mm.emotions import CLASSES, UNLABELLED

SPLITS = ('train', 'val', 'test')
OFFICIAL_NAMES = {'train': 'Training', 'val': 'PublicTest', 'test': 'PrivateTest'}
OFFICIAL_COUNTS = {  # images of each of ``CLASSES``
    'train': (3995, 436, 4097, 7215, 4830, 3171, 4965),
    'val': (467, 56, 496, 895, 653, 415, 607),
    'test': (491, 55, 528, 879, 594, 416, 626),
}
MIXED = 'Test'  # name of the faces of PublicTest and PrivateTest together
_WORDS = {
    'train': 'train', 'training': 'train',
    'val': 'val', 'valid': 'val', 'validation': 'val', 'publictest': 'val',
    'test': 'test', 'testing': 'test', 'privatetest': 'test',
}


def split_of_word(word: str) -> str | None:
    """Return the split that a folder or file (without suffix) is named after, in any case; None for another name."""
    return _WORDS.get(word.lower())


def is_mixed(split: str, labels: np.ndarray) -> bool:
    """Whether the faces of a split are PublicTest and PrivateTest together, as the competition's ``test.csv`` has them.

    They have no labels, or they are a split test of more faces than PrivateTest has.
    """
    return bool((labels == UNLABELLED).all()) or (split == 'test' and len(labels) > sum(OFFICIAL_COUNTS['test']))


def check_counts(path: Path, split: str, labels: np.ndarray) -> None:
    """Warn if the numbers of images per class differ from the published ones."""
    if (labels == UNLABELLED).any():
        return
    counts = np.bincount(labels, minlength=len(CLASSES))
    if tuple(counts) != OFFICIAL_COUNTS[split]:
        pairs = zip(CLASSES, counts, OFFICIAL_COUNTS[split])
        by_class = ', '.join(f'{name} {found} ({official})' for name, found, official in pairs)
        print_log(f'{path}: {len(labels)} images for {split}, {sum(OFFICIAL_COUNTS[split])} in the official '
                  f'FER2013. By class (official): {by_class}', logger='current', level=logging.WARNING)
