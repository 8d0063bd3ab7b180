"""FER2013 as a data set of MMPretrain."""

from __future__ import annotations

import logging
import os
from typing import Any

import numpy as np
from mmengine.dataset import force_full_init
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from emonext_mm.datasets.class_order import arrange, arrange_scores
from emonext_mm.datasets.duplicates import have_duplicate
from emonext_mm.datasets.hold_out import draw_held_out
from emonext_mm.datasets.in_colour import adapt_to_grey
from emonext_mm.datasets.readers.cache import load_table
from emonext_mm.datasets.readers.face_table import SIZE, FaceTable
from emonext_mm.datasets.readers.ferplus import find_votes, labels_and_scores, read_votes
from emonext_mm.datasets.readers.image_file import resize_all
from emonext_mm.datasets.readers.layouts import find_source
from emonext_mm.datasets.splits import MIXED, OFFICIAL_NAMES, SPLITS, check_counts, is_mixed, split_of_word
from emonext_mm.emotions import CLASSES, UNLABELLED


@DATASETS.register_module()
class FER2013(BaseDataset):
    """The faces of FER2013 (Goodfellow et al., 2013, arXiv 1307.0414): 48x48, grey, seven emotions.

    The first of these layouts that exists in ``data_root`` is read: ::

        data_root
        ├── fer2013.csv             emotion,pixels,Usage
        ├── fer2013new.csv          the FER+ votes, only for ``ferplus``
        ├── icml_face_data.csv      emotion, Usage, pixels
        ├── train.csv               emotion,pixels[,Usage]; without Usage all faces are of the split train
        ├── val.csv                 the same of the split val; also valid.csv, validation.csv
        ├── test.csv                the same of the split test; without emotion its faces are unlabelled
        ├── train                   or Training
        │   ├── angry               a class in any case, also as anger, happiness, surprised, ...
        │   │   ├── Training_10118481.jpg
        │   │   └── ...
        │   └── ...
        ├── val                     or valid, validation, PublicTest; without it, the PublicTest_ files of test
        │   └── ...
        └── test                    or PrivateTest
            ├── angry
            │   ├── PrivateTest_10131363.jpg
            │   └── ...
            └── ...

    The folders may lie up to two levels deeper, as archives unpack. Csv files without pixels, which only list the
    images beside them, are ignored.

    The splits train, val and test are officially Training, PublicTest and PrivateTest. Faces of a csv file keep its
    order; those of folders are in the order of the number that ends the file's name. The first reading writes a
    cache beside the data (or to ``$XDG_CACHE_HOME/emonext_mm``), from which the pixels are mapped: all workers and
    ranks on a machine share them in memory.

    A sample before the pipeline has ``img`` (uint8, (S, S) or (S, S, 3), S is 48 or ``face_size``), ``img_shape``,
    ``ori_shape``, ``gt_label``, ``sample_idx``, ``sample_id`` (``Training_<row>``, and ``Test_<row>`` in the unlabelled
    test.csv; for folders the file's name without suffix), ``img_path`` (folders only) and ``gt_score`` ((7,) float32,
    only with ``ferplus='soft'``).

    Args:
        data_root: a folder, or a csv file.
        split: 'train', 'val' or 'test'.
        pipeline: transforms, or their configs.
        ferplus: None, or the labels of FER+: 'majority' (the emotion with the most votes; faces on which two emotions
            tie are left out), or 'soft' (the votes as ``gt_score``, and their argmax as label). With both, a face is
            left out unless an emotion has more votes than each of contempt, unknown and no-face.
        color_type: 'grayscale', or 'color' for the same value in three channels. Under 'grayscale' transforms of colour
            images are applied to three equal channels, and their result is converted to grey, see :class:`InColour`.
        drop_leaked: leave out of the split train the images that have an exact or near duplicate (see
            ``emonext_mm.datasets.duplicates``) in val or test. No effect on val and test. Takes about a second.
        face_size: side in pixels to which image files of another size are brought; None keeps their size, which must be
            one. No effect on csv files, whose faces are of 48 pixels.
        hold_out: share of each class of the split train that becomes the split val, for data that have none, such as
            the competition's ``train.csv`` alone. Give train and val the same one. 0: none.
        hold_out_seed: seed of the choice of these faces.
        **kwargs: ``metainfo``, ``classes`` (the emotions in another order, which that of the labels follows),
            ``indices``, ``test_mode``, ``lazy_init`` and ``max_refetch`` of MMPretrain's ``BaseDataset``.

    Raises:
        FileNotFoundError: no data were found; the message explains where to get them. Or ``ferplus`` is set and there
            is no ``fer2013new.csv``.
        ValueError: the data are wrong (the message names file, line and value), are a packed archive, or lack the
            split; ``drop_leaked`` is set and the data have neither val nor test; ``hold_out`` is set and they have val.

    Examples:
        >>> FER2013(data_root='data/fer2013', split='val')
        Dataset FER2013
            Number of samples: 	3589
            Number of categories: 	7
            Source: 	data/fer2013/fer2013.csv
            Split: 	val (PublicTest)
    """

    METAINFO: dict = {'classes': CLASSES}  # noqa: RUF012 (MMEngine's name and type)

    def __init__(self, data_root: str, split: str = 'train', pipeline: tuple | list = (),
                 ferplus: str | None = None, color_type: str = 'grayscale',
                 drop_leaked: bool = False, face_size: int | None = SIZE, hold_out: float = 0, hold_out_seed: int = 0,
                 **kwargs) -> None:
        self.split = _one_of('split', split, SPLITS)
        self.ferplus = _one_of('ferplus', ferplus, (None, 'majority', 'soft'))
        self.color_type = _one_of('color_type', color_type, ('grayscale', 'color'))
        self.face_size = _one_of('face_size', face_size, (None, *range(8, 1025)), 'None or 8 to 1024')
        self.hold_out, self.hold_out_seed = hold_out, hold_out_seed
        if not (isinstance(hold_out, (int, float)) and 0 <= hold_out < 1):
            raise ValueError(f'hold_out is {hold_out!r}, expected a share of 0 to below 1')
        self.drop_leaked = drop_leaked
        self._leaked: np.ndarray | None = None  # (len(self._table),) bool, computed when first asked for
        # data_list holds indices into the table; there are no dicts to serialize.
        pipeline = adapt_to_grey(pipeline) if color_type == 'grayscale' else pipeline
        super().__init__(ann_file='', data_root=os.path.expanduser(data_root), pipeline=pipeline,
                         serialize_data=False, **kwargs)

    def load_data_list(self) -> np.ndarray:
        """Indices of the split's faces in the table, (N,) int64. Sets the table, the labels and the scores."""
        source = find_source(self.data_root, self.split, self.face_size)
        votes_path = None if self.ferplus is None else find_votes(source)
        table = load_table(source)
        rows = self._rows(table, self.split)
        if not len(rows):
            raise ValueError(f'{source.path}: nothing for split {self.split!r}: {source.why_missing(self.split)}; '
                             f'{_found(table, self.split)}')
        self._path, self._table, self._labels, self._scores = source.path, table, table.labels, None
        self._is_mixed = is_mixed(self.split, table.labels[rows])
        if votes_path is None and not self.hold_out:
            check_counts(source.path, self.split, table.labels[rows])
        elif votes_path is not None:
            soft = self.ferplus == 'soft'
            self._labels, scores = labels_and_scores(read_votes(votes_path, table), soft)
            self._scores = scores if soft else None
            rows = rows[self._labels[rows] != UNLABELLED]
        self._labels = arrange(self._labels, self.metainfo['classes'])
        self._scores = None if self._scores is None else arrange_scores(self._scores, self.metainfo['classes'])
        return self._without_leaked(rows) if self.drop_leaked and self.split == 'train' else rows

    def _rows(self, table: FaceTable, split: str) -> np.ndarray:
        """Indices in a table of the faces of a split, with regard to ``hold_out``, (N,) int64."""
        rows = np.arange(len(table))
        if not self.hold_out or split == 'test':
            return rows[table.split_slice(split)]
        val = find_source(self.data_root, 'val', self.face_size)
        if len(rows[table.split_slice('val')]) or (val.path.is_file() and split_of_word(val.path.stem) == 'val'):
            raise ValueError(f'{val.path}: hold_out is for data without the split val, which these have')
        rows = rows[table.split_slice('train')]
        held = draw_held_out(table.labels[rows], self.hold_out, self.hold_out_seed)
        return rows[held if split == 'val' else ~held]

    def _without_leaked(self, rows: np.ndarray) -> np.ndarray:
        self._leaked = self._find_leaked()
        kept = rows[~self._leaked[rows]]
        print_log(f'{self._path}: {len(rows) - len(kept)} of {len(rows)} training images left out: they have a '
                  'duplicate in val or test', logger='current', level=logging.INFO)
        return kept

    def _find_leaked(self) -> np.ndarray:
        """Mask of the split's faces with a duplicate in train (for train: in val or test), (len(self._table),) bool."""
        across = [split for split in SPLITS if (split == 'train') != (self.split == 'train')]
        others = {split: self._images_of(split) for split in across}
        missing = ' or '.join(split for split, images in others.items() if not len(images))
        if not any(map(len, others.values())):
            raise ValueError(f'{self._path}: no images of {missing}, so that duplicates of {self.split} cannot be '
                             'found')
        if missing:
            print_log(f'{self._path}: no images of {missing}, so that duplicates of them in {self.split} are not '
                      'found', logger='current', level=logging.WARNING)
        leaked = np.zeros(len(self._table), bool)
        own = self._rows(self._table, self.split)
        leaked[own] = have_duplicate(resize_all(self._table.images[own], SIZE), np.concatenate(list(others.values())))
        return leaked

    def _images_of(self, split: str) -> np.ndarray:
        source = find_source(self.data_root, split, self.face_size)
        table = self._table if source.path == self._path else load_table(source)  # folders are slow to scan
        return resize_all(table.images[self._rows(table, split)], SIZE)

    def _get_unserialized_subset(self, indices) -> np.ndarray:
        return np.asarray(super()._get_unserialized_subset(indices), np.int64)

    @property
    def official_split(self) -> str:
        """Official name of the split: Training, PublicTest or PrivateTest.

        'Test' for a split test that mixes PublicTest and PrivateTest, see
        :func:`~emonext_mm.datasets.splits.is_mixed`. 'Training (held out)' for a split val by ``hold_out``.
        """
        if self.hold_out and self.split == 'val':
            return 'Training (held out)'
        return MIXED if self._fully_initialized and self._is_mixed else OFFICIAL_NAMES[self.split]

    @property
    @force_full_init
    def images(self) -> np.ndarray:
        """Images, (N, S, S) uint8, read-only: a view of the shared pixels, or a copy for a selection of faces."""
        rows = self.data_list
        if len(rows) and (np.diff(rows) == 1).all():
            return self._table.images[rows[0]:rows[-1] + 1]
        images = self._table.images[rows]
        images.setflags(write=False)
        return images

    @property
    @force_full_init
    def labels(self) -> np.ndarray:
        """Labels, (N,) int64, a copy; -1 for faces without a label."""
        return self._labels[self.data_list]

    @property
    @force_full_init
    def leaked(self) -> np.ndarray:
        """Mask of the images of val or test with an exact or near duplicate in train, (N,) bool.

        For the split train: mask of the images with a duplicate in val or test. Images that ``drop_leaked`` or
        ``ferplus`` leaves out count too. The first call takes about a second.

        Raises:
            ValueError: the data have no images on the other side.
        """
        if self._leaked is None:
            self._leaked = self._find_leaked()
        return self._leaked[self.data_list]

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """One sample before the pipeline, see the class. Its image may be modified."""
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
            info['img_path'] = os.path.join(self._path, *path.split('/'))
            info['sample_id'] = os.path.splitext(os.path.basename(path))[0]
        else:
            prefix = MIXED if self._is_mixed else OFFICIAL_NAMES[SPLITS[self._table.splits[row]]]
            info['sample_id'] = f'{prefix}_{self._table.rows[row]}'
        return info

    def get_gt_labels(self) -> np.ndarray:
        """Return the labels, (N,) int64.

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
        lines = [f'Source: \t{source}', f'Split: \t{self.split} ({self.official_split})']
        lines += [f'Labels: \tFER+ {self.ferplus}'] if self.ferplus else []
        return lines + (['Leaked: \tleft out of train'] if self.drop_leaked and self.split == 'train' else [])


def _one_of(name: str, value: Any, choices: tuple, known: str = '') -> Any:
    if value not in choices:
        raise ValueError(f'{name} is {value!r}, expected {known or "one of " + ", ".join(map(repr, choices))}')
    return value


def _found(table: FaceTable, wanted: str) -> str:
    """What a table without a split has, and how a part of it can stand in."""
    found = [SPLITS[index] for index in np.unique(table.splits)]
    words = f'found {", ".join(OFFICIAL_NAMES[split] for split in found)}'
    if wanted != 'val' or 'train' not in found:
        return words
    options = ' '.join(f'{loader}_dataloader.dataset.hold_out=0.1' for loader in ('train', 'val'))
    return f'{words}. To hold out a tenth of Training for it: --cfg-options {options}'
