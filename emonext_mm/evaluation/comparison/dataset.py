"""The data set on which predictions were made, found again by what their file says of it."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS

from emonext_mm.evaluation.predictions import Predictions, sample_id


def find_tested_data(run: Predictions) -> tuple[BaseDataset, np.ndarray]:
    """The data set, and the place in it of each of the N samples of ``run``, (N,) int64.

    Raises:
        ValueError: the file names no data set, or one that is not registered; the data are not there or are wrong;
            they are no longer the same samples. One line each.
    """
    cfg = run.conditions.get('dataset')
    if not isinstance(cfg, dict):
        raise ValueError(f'{run.path} does not say on which data set')
    _check_harmless(cfg)
    try:
        dataset = DATASETS.build(dict(cfg))
        places = {sample_id(dataset, place): place for place in range(len(dataset))}
    except Exception as error:  # it may be anybody's data set, and a comparison does without it
        raise ValueError(str(error).partition('\n')[0] or type(error).__name__) from error
    gone = [sample for sample in run.ids if sample not in places]
    if gone:
        raise ValueError(f'{len(gone)} samples are no longer in the data set, such as {gone[0]}')
    return dataset, np.array([places[sample] for sample in run.ids])


def which_are_clean(dataset: BaseDataset, places: np.ndarray) -> np.ndarray:
    """Which of the samples at ``places`` have no copy in training, (N,) bool.

    Raises:
        ValueError: the data set does not know; the message says why.
    """
    if not hasattr(type(dataset), 'leaked'):
        raise ValueError(f'{type(dataset).__name__} does not say which images have a copy in training')
    if dataset.split == 'train':
        raise ValueError('the images are those of training')
    return ~dataset.leaked[places]


def _check_harmless(cfg: dict) -> None:
    """Refuse what would build more than a registered data set.

    The registry takes any importable name for a type, and would call it: a file from a stranger must not run code.
    """
    if cfg.get('type') not in DATASETS.module_dict:
        raise ValueError(f'{cfg.get("type")!r} is not a registered data set')
    if any(_names_a_type(value) for value in cfg.values()):
        raise ValueError('a data set made of others is not built from a file of predictions')


def _names_a_type(value: Any) -> bool:
    if isinstance(value, dict):
        return 'type' in value or any(map(_names_a_type, value.values()))
    return isinstance(value, list) and any(map(_names_a_type, value))
