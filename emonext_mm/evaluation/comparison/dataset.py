"""The data set of a test, built again from the conditions in a file of predictions."""
from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS

from emonext_mm.evaluation.predictions import Predictions
from emonext_mm.utils.files import check_regular
from emonext_mm.utils.options import walk
from emonext_mm.utils.samples import sample_ids
from emonext_mm.utils.strangers import shorten, show_name

# Data sets whose reading is bounded. Others of MMPretrain download files or unpickle them.
BUILT = ('FER2013', 'SyntheticFER', 'CustomDataset')
MOST_FILES = 200_000  # in the folder of a CustomDataset
MOST_DRAWN = 10  # faces of SyntheticFER for each prediction


def build_tested_dataset(run: Predictions) -> tuple[BaseDataset, np.ndarray]:
    """Build the data set of a test, and find the index in it of each of the N samples of ``run``, (N,) int64.

    A file of predictions may come from a stranger: only the data sets of ``BUILT`` are built from it, within bounds.

    Raises:
        ValueError: the file names no data set, or another one; the data are missing or wrong; they do not contain all
            samples of the run. Each message is one line.
    """
    cfg = run.conditions.get('dataset')
    if not isinstance(cfg, dict):
        raise ValueError(f'{run.path} does not name its data set')
    _check_kind(cfg)
    try:
        _check_size(cfg, len(run.ids))
        dataset = DATASETS.build(dict(cfg))
        index_of = {name: index for index, name in enumerate(sample_ids(dataset))}
    except Exception as error:  # any data set may fail in its own way, and the comparison works without it
        raise ValueError(str(error).partition('\n')[0][:300] or type(error).__name__) from error
    missing = [sample for sample in run.ids if sample not in index_of]
    if missing:
        raise ValueError(f'{len(missing)} samples are no longer in the data set, such as {show_name(missing[0])}')
    return dataset, np.array([index_of[sample] for sample in run.ids])


def find_leak_free(dataset: BaseDataset, indices: np.ndarray) -> np.ndarray:
    """Mask of the samples at ``indices`` without a duplicate in training, (N,) bool.

    Raises:
        ValueError: the data set cannot tell; the message gives the reason.
    """
    if not hasattr(type(dataset), 'leaked'):
        raise ValueError(f'{type(dataset).__name__} does not know which images have a duplicate in training')
    if dataset.split == 'train':
        raise ValueError('the images are training images')
    return ~dataset.leaked[indices]


def _check_kind(cfg: dict) -> None:
    """Refuse a config of anything besides one data set of ``BUILT``.

    The registry also accepts any importable name as a type and calls it: a file from a stranger must not run code.
    """
    kind = cfg.get('type')
    if kind not in BUILT:
        raise ValueError(f'{shorten(kind)} is not one of the data sets that are built from a file of predictions, '
                         f'{", ".join(BUILT)}')
    if any('type' in holder for _, _, holder in walk(list(cfg.values()))):
        raise ValueError('a data set that contains other parts is not built from a file of predictions')


def _check_size(cfg: dict, samples: int) -> None:
    """Refuse what would draw or read without bounds. ``FER2013`` bounds its reading itself.

    Raises:
        OSError, ValueError: see above, or a path leads nowhere.
    """
    drawn = cfg.get('num_samples', 0)
    if cfg['type'] == 'SyntheticFER' and not 0 < drawn <= MOST_DRAWN * samples:
        raise ValueError(f'num_samples is {shorten(drawn)}, for {samples:,} predictions')
    if cfg['type'] == 'CustomDataset':
        root, prefix = cfg.get('data_root', ''), cfg.get('data_prefix', '')
        prefix = prefix.get('img_path', '') if isinstance(prefix, dict) else prefix
        for name in (cfg.get('ann_file', ''), cfg.get('classes', '')):
            if name and isinstance(name, str):  # files of text
                check_regular(os.path.join(root, name))
        _check_folder(Path(root, prefix))


def _check_folder(folder: Path) -> None:
    names = (name for _, folders, files in os.walk(folder, followlinks=True) for name in (*folders, *files))
    if len(list(islice(names, MOST_FILES + 1))) > MOST_FILES:  # also a folder whose links lead back to itself
        raise ValueError(f'{folder} holds more than {MOST_FILES:,} files')
