"""FER2013 as a data set of the host."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
from mmengine.dataset import force_full_init
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from emonext_mm.datasets.duplicates import have_copy
from emonext_mm.datasets.readers.cache import load_table
from emonext_mm.datasets.readers.face_table import USAGES
from emonext_mm.datasets.readers.ferplus import VOTES_FILE, labels_and_scores, read_votes
from emonext_mm.datasets.readers.layouts import CsvSource, FolderSource, find_source
from emonext_mm.emotions import CLASSES, UNLABELLED

SPLITS = ('train', 'val', 'test')  # in the order of USAGES
OFFICIAL_COUNTS = {
    'train': (3995, 436, 4097, 7215, 4830, 3171, 4965),
    'val': (467, 56, 496, 895, 653, 415, 607),
    'test': (491, 55, 528, 879, 594, 416, 626),
}


@DATASETS.register_module()
class FER2013(BaseDataset):
    """The FER2013 faces (Goodfellow et al., 2013, arXiv 1307.0414): 48x48, grey, seven emotions.

    Whichever of these lies in ``data_root`` is found by itself, the first one first: ::

        data_root
        ├── fer2013.csv             emotion,pixels,Usage
        ├── fer2013new.csv          the FER+ votes, only for ``ferplus``
        ├── icml_face_data.csv      emotion, Usage, pixels
        ├── train.csv               emotion,pixels: the split train
        ├── test.csv                pixels: the split test, without labels
        ├── train
        │   ├── angry               a class in any case, also as anger, happiness, surprised, ...
        │   │   ├── Training_10118481.jpg
        │   │   └── ...
        │   └── ...
        ├── val                     or validation; without it, the PublicTest_ files of test are the split val
        │   └── ...
        └── test
            ├── angry
            │   ├── PrivateTest_10131363.jpg
            │   └── ...
            └── ...

    The splits train, val and test are Training, PublicTest and PrivateTest. Faces of a csv stand in its
    order, those of folders in the order of the number that ends the file's name. The first reading writes a
    cache beside the data (or to ``$XDG_CACHE_HOME/emonext_mm``), from which the pixels are mapped: all
    workers and ranks on a machine share one copy.

    A sample, before the pipeline, holds ``img`` (uint8, (48, 48) or (48, 48, 3)), ``img_shape``,
    ``ori_shape``, ``gt_label``, ``sample_idx``, ``sample_id`` (``Training_<row>``, and ``Test_<row>`` in the
    unlabelled test.csv; for folders the file's name without suffix), ``img_path`` (folders) and ``gt_score``
    ((7,) float32, soft FER+).

    Args:
        data_root: a folder, or a csv file.
        split: 'train', 'val' or 'test'.
        pipeline: transforms, or their configs.
        ferplus: None, or the labels of FER+: 'majority' (the emotion with most votes; faces for which two
            share that place are dropped), or 'soft' (the votes as ``gt_score``, and their argmax as label).
            Both drop a face unless an emotion has more votes than each of contempt, unknown and no-face.
        color_type: 'grayscale', or 'color' for the same value in three channels.
        drop_leaked: leave out of the split train the images that have an exact or near copy (see
            ``copies.py``) in val or test. No effect on val and test. Takes about a second.
        **kwargs: the host's ``metainfo``, ``classes``, ``indices``, ``test_mode``, ``lazy_init``,
            ``max_refetch``.

    Raises:
        FileNotFoundError: no data; the message says where to get them. No ``fer2013new.csv`` for ``ferplus``.
        ValueError: data that are wrong, with file, line and value; a split that the data do not have;
            ``drop_leaked`` for data that have neither val nor test.

    Examples:
        >>> FER2013(data_root='data/fer2013', split='val')
        Dataset FER2013
            Number of samples: 	3589
            Number of categories: 	7
            Source: 	data/fer2013/fer2013.csv
            Split: 	val (PublicTest)
    """

    METAINFO: dict = {'classes': CLASSES}  # noqa: RUF012 (the host's name and type)

    def __init__(self, data_root: str, split: str = 'train', pipeline: tuple | list = (),
                 ferplus: str | None = None, color_type: str = 'grayscale',
                 drop_leaked: bool = False, **kwargs) -> None:
        self.split = _one_of('split', split, SPLITS)
        self.ferplus = _one_of('ferplus', ferplus, (None, 'majority', 'soft'))
        self.color_type = _one_of('color_type', color_type, ('grayscale', 'color'))
        self.drop_leaked = drop_leaked
        self._leaked: np.ndarray | None = None  # (len(self._table),) bool, made when first asked for
        # data_list holds the faces' places in the table; there are no dicts to serialize.
        super().__init__(ann_file='', data_root=os.path.expanduser(data_root), pipeline=pipeline,
                         serialize_data=False, **kwargs)

    def load_data_list(self) -> np.ndarray:
        """Places of the split's faces in the table, (N,) int64. Sets the table, the labels and the scores."""
        usage = SPLITS.index(self.split)
        source = find_source(self.data_root, usage)
        votes_path = None if self.ferplus is None else _votes_path(source)
        table = load_table(source)
        rows = np.arange(len(table))[table.usage_slice(usage)]
        if not len(rows):
            found = ', '.join(USAGES[usage] for usage in np.unique(table.usages))
            raise ValueError(f'{source.path}: nothing for split {self.split!r}: {source.why_missing(usage)}; '
                             f'found {found}')
        self._path, self._table, self._labels, self._scores = source.path, table, table.labels, None
        if votes_path is None:
            _check_counts(source.path, self.split, table.labels[rows])
        else:
            soft = self.ferplus == 'soft'
            self._labels, scores = labels_and_scores(read_votes(votes_path, table), soft)
            self._scores = scores if soft else None
            rows = rows[self._labels[rows] != UNLABELLED]
        return self._without_leaked(rows) if self.drop_leaked and self.split == 'train' else rows

    def _without_leaked(self, rows: np.ndarray) -> np.ndarray:
        self._leaked = self._find_leaked()
        kept = rows[~self._leaked[rows]]
        print_log(f'{self._path}: {len(rows) - len(kept)} of {len(rows)} training images left out, they have a '
                  'copy in val or test', logger='current', level=logging.INFO)
        return kept

    def _find_leaked(self) -> np.ndarray:
        """Which faces of the split have a copy across the border of training, (len(self._table),) bool."""
        split = SPLITS.index(self.split)
        across = [usage for usage in range(len(SPLITS)) if (usage == 0) != (split == 0)]
        others = {SPLITS[usage]: self._images_of(usage) for usage in across}
        missing = ' or '.join(name for name, images in others.items() if not len(images))
        if not any(map(len, others.values())):
            raise ValueError(f'{self._path}: no images of {missing}, so that copies of {self.split} cannot be found')
        if missing:
            print_log(f'{self._path}: no images of {missing}, so that copies of them in {self.split} go unnoticed',
                      logger='current', level=logging.WARNING)
        leaked = np.zeros(len(self._table), bool)
        mine = self._table.usage_slice(split)
        leaked[mine] = have_copy(self._table.images[mine], np.concatenate(list(others.values())))
        return leaked

    def _images_of(self, usage: int) -> np.ndarray:
        source = find_source(self.data_root, usage)
        table = self._table if source.path == self._path else load_table(source)  # folders are slow to look through
        return table.images[table.usage_slice(usage)]

    def _get_unserialized_subset(self, indices) -> np.ndarray:
        return np.asarray(super()._get_unserialized_subset(indices), np.int64)

    @property
    def usage(self) -> str:
        """The official name of the split: Training, PublicTest or PrivateTest."""
        return USAGES[SPLITS.index(self.split)]

    @property
    @force_full_init
    def images(self) -> np.ndarray:
        """(N, 48, 48) uint8, read-only: a view of the shared pixels; of picked faces, a copy."""
        rows = self.data_list
        if len(rows) and (np.diff(rows) == 1).all():
            return self._table.images[rows[0]:rows[-1] + 1]
        images = self._table.images[rows]
        images.setflags(write=False)
        return images

    @property
    @force_full_init
    def labels(self) -> np.ndarray:
        """(N,) int64, a copy; -1 for faces without a label."""
        return self._labels[self.data_list]

    @property
    @force_full_init
    def leaked(self) -> np.ndarray:
        """Which images of val or test have an exact or near copy in train, (N,) bool.

        Of train: which have one in val or test. All training images count, whatever ``drop_leaked`` and
        ``ferplus`` leave out. The first call takes about a second.

        Raises:
            ValueError: the data lack the other side.
        """
        if self._leaked is None:
            self._leaked = self._find_leaked()
        return self._leaked[self.data_list]

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """One sample before the pipeline (see the class). Its image may be modified."""
        row = self.data_list[idx]
        label = int(self._labels[row])
        image = self._table.images[row].copy()
        info = {
            'img': image if self.color_type == 'grayscale' else np.repeat(image[..., None], 3, axis=2),
            'img_shape': image.shape,
            'ori_shape': image.shape,
            'sample_idx': idx % len(self),
        }
        if label != UNLABELLED:
            info['gt_label'] = label
        if self._scores is not None:
            info['gt_score'] = self._scores[row].copy()
        path = self._table.paths[row].decode()
        if path:
            info['img_path'] = os.path.join(self.data_root, *path.split('/'))
            info['sample_id'] = os.path.splitext(os.path.basename(path))[0]
        else:
            # The unlabelled test.csv mixes what the other files call PublicTest and PrivateTest.
            prefix = 'Test' if label == UNLABELLED else USAGES[self._table.usages[row]]
            info['sample_id'] = f'{prefix}_{self._table.rows[row]}'
        return info

    def get_gt_labels(self) -> np.ndarray:
        """(N,) int64.

        Raises:
            ValueError: the faces have no labels.
        """
        labels = self.labels
        if (labels == UNLABELLED).any():
            raise ValueError(self._no_labels())
        return labels

    @force_full_init
    def get_cat_ids(self, idx: int) -> list[int]:
        label = int(self._labels[self.data_list[idx]])
        if label == UNLABELLED:
            raise ValueError(self._no_labels())
        return [label]

    def _no_labels(self) -> str:
        return f'{self._path}: the faces of split {self.split!r} have no labels'

    def extra_repr(self) -> list[str]:
        source = self._path if self._fully_initialized else self.data_root
        lines = [f'Source: \t{source}', f'Split: \t{self.split} ({self.usage})']
        lines += [f'Labels: \tFER+ {self.ferplus}'] if self.ferplus else []
        return lines + (['Leaked: \tleft out of train'] if self.drop_leaked and self.split == 'train' else [])


def _one_of(name: str, value, choices: tuple):
    if value not in choices:
        raise ValueError(f'{name} is {value!r}, expected one of {", ".join(map(repr, choices))}')
    return value


def _votes_path(source: CsvSource | FolderSource) -> Path:
    """The file of FER+ votes beside the csv."""
    path = source.folder / VOTES_FILE
    if not isinstance(source, CsvSource):
        raise FileNotFoundError(f'{path}: ferplus needs this file and fer2013.csv beside it; its votes '
                                'belong to rows of the csv, and only image folders were found')
    if not path.is_file():
        raise FileNotFoundError(f'{path}: ferplus needs this file (https://github.com/microsoft/FERPlus)')
    return path


def _check_counts(path: Path, split: str, labels: np.ndarray) -> None:
    """Warn if the images per class are not those that were published."""
    if (labels == UNLABELLED).any():
        return
    counts = np.bincount(labels, minlength=len(CLASSES))
    if tuple(counts) != OFFICIAL_COUNTS[split]:
        pairs = zip(CLASSES, counts, OFFICIAL_COUNTS[split])
        by_class = ', '.join(f'{name} {found} ({official})' for name, found, official in pairs)
        print_log(f'{path}: {len(labels)} images for {split}, {sum(OFFICIAL_COUNTS[split])} in the official '
                  f'FER2013. By class (official): {by_class}', logger='current', level=logging.WARNING)
