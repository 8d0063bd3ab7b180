"""The protocol of FER2013: train on Training, choose everything on PublicTest, report PrivateTest."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

DATASETS_WITH_SPLITS = ('FER2013', 'SyntheticFER')


def check_protocol(cfg: Config) -> None:
    """Refuse a training config that would choose its best checkpoint, or when to stop, on the wrong images.

    Both are decided by the validation, so it must see neither the split test, which is for the final number alone,
    nor what the model is trained on. Training on test is refused too; on train and val together it is not, if
    there is no validation. Other data sets are their user's affair.

    Raises:
        ValueError: if that is so; the message names the split.
    """
    train = set(_splits(cfg.get('train_dataloader')))
    val = set(_splits(cfg.get('val_dataloader')))
    if 'test' in train:
        raise ValueError('train_dataloader holds the split test (PrivateTest), which is for the final number alone')
    if 'test' in val:
        raise ValueError('val_dataloader holds the split test (PrivateTest): the best checkpoint would be chosen on '
                         'it; validate on split val (PublicTest)')
    if train & val:
        raise ValueError(f'train_dataloader and val_dataloader both hold the split {(train & val).pop()}: the best '
                         'checkpoint would be chosen on images it was trained on')


def _splits(node: Any) -> Iterator[str]:
    """The splits of our data sets anywhere in a config, also inside of the host's data set wrappers."""
    if isinstance(node, dict):
        if node.get('type') in DATASETS_WITH_SPLITS:
            yield node.get('split', 'train')
        for value in node.values():
            yield from _splits(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _splits(value)
