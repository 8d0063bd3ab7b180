"""The three splits of FER2013: their names here and in MMPretrain, their official names, and their sizes."""
from __future__ import annotations

SPLITS = ('train', 'val', 'test')
OFFICIAL_NAMES = {'train': 'Training', 'val': 'PublicTest', 'test': 'PrivateTest'}
OFFICIAL_COUNTS = {  # images of each of ``CLASSES``
    'train': (3995, 436, 4097, 7215, 4830, 3171, 4965),
    'val': (467, 56, 496, 895, 653, 415, 607),
    'test': (491, 55, 528, 879, 594, 416, 626),
}
