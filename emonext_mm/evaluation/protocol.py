"""The protocol of FER2013: train on Training, select everything on PublicTest, report PrivateTest."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

DATASETS_WITH_SPLITS = ('FER2013', 'SyntheticFER')


def check_protocol(cfg: Config) -> None:
    """Refuse a training config that trains or validates on the wrong split.

    Validation selects the best checkpoint and the moment to stop. It must therefore use neither the split test, which
    is reserved for the final result, nor a split that is trained on. Training on test is refused too. Training on train
    and val together is allowed if there is no validation. Only FER2013 and SyntheticFER are checked.

    Raises:
        ValueError: the config breaks this protocol; the message names the split.
    """
    train = set(_splits(cfg.get('train_dataloader')))
    val = set(_splits(cfg.get('val_dataloader')))
    if 'test' in train:
        raise ValueError('train_dataloader holds the split test (PrivateTest), which is reserved for the final result')
    if 'test' in val:
        raise ValueError('val_dataloader holds the split test (PrivateTest): the best checkpoint would be selected '
                         'on it; validate on the split val (PublicTest)')
    if train & val:
        raise ValueError(f'train_dataloader and val_dataloader both hold the split {(train & val).pop()}: the best '
                         'checkpoint would be selected on training images')


def _splits(node: Any) -> Iterator[str]:
    """Splits of FER2013 and SyntheticFER anywhere in a config, also inside data set wrappers."""
    if isinstance(node, dict):
        if node.get('type') in DATASETS_WITH_SPLITS:
            yield node.get('split', 'train')
        for value in node.values():
            yield from _splits(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _splits(value)
