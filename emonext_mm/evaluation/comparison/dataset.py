"""The data set of a test, built again from the conditions in a file of predictions."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS

from emonext_mm.evaluation.predictions import Predictions, sample_id


def build_tested_dataset(run: Predictions) -> tuple[BaseDataset, np.ndarray]:
    """Build the data set of a test, and find the index in it of each of the N samples of ``run``, (N,) int64.

    Raises:
        ValueError: the file names no data set, or one that is not registered; the data are missing or wrong; they do
            not contain all samples of the run. Each message is one line.
    """
    cfg = run.conditions.get('dataset')
    if not isinstance(cfg, dict):
        raise ValueError(f'{run.path} does not name its data set')
    _check_harmless(cfg)
    try:
        dataset = DATASETS.build(dict(cfg))
        index_of = {sample_id(dataset, index): index for index in range(len(dataset))}
    except Exception as error:  # any data set may fail in its own way, and the comparison works without it
        raise ValueError(str(error).partition('\n')[0] or type(error).__name__) from error
    missing = [sample for sample in run.ids if sample not in index_of]
    if missing:
        raise ValueError(f'{len(missing)} samples are no longer in the data set, such as {missing[0]}')
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


def _check_harmless(cfg: dict) -> None:
    """Refuse a config that builds anything besides one registered data set.

    The registry also accepts any importable name as a type and calls it: a file from a stranger must not run code.
    """
    if cfg.get('type') not in DATASETS.module_dict:
        raise ValueError(f'{cfg.get("type")!r} is not a registered data set')
    if any(_names_a_type(value) for value in cfg.values()):
        raise ValueError('a data set that contains other parts is not built from a file of predictions')


def _names_a_type(value: Any) -> bool:
    if isinstance(value, dict):
        return 'type' in value or any(map(_names_a_type, value.values()))
    return isinstance(value, list) and any(map(_names_a_type, value))
