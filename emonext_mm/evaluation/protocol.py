"""The protocol of FER2013: train on Training, select everything on PublicTest, report PrivateTest."""
from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmpretrain.registry import DATASETS

from emonext_mm.utils.images import to_grey
from emonext_mm.utils.options import walk
from emonext_mm.utils.samples import parts_of

OWN = ('FER2013', 'SyntheticFER')  # with the official splits
RESERVED = 'PrivateTest_'  # how file names of the split test begin
MOST = 200_000  # samples of another data set that are compared

_REASON = {
    'train': 'which is reserved for the final result',
    'val': 'on which the best checkpoint would be selected; validate on the split val (PublicTest)',
}


def check_protocol(train: Any, val: Any | None) -> None:
    """Refuse to train or validate on the wrong images.

    Validation selects the best checkpoint and the moment to stop. It must therefore use neither the split test, which
    is reserved for the final result, nor an image that is trained on. Training on test is refused too. Training on
    train and val together is allowed if there is no validation.

    Images are the same if they have one file, or one ``sample_id`` and equal pixels in grey. Where neither data set is
    ``FER2013`` or ``SyntheticFER``, images that are trained and validated on are only warned of.

    Args:
        train, val: built data sets, or wrappers of them; None without a validation.

    Raises:
        ValueError: see above; the message names the split or an image.
    """
    parts = {'train': list(parts_of(train)), 'val': [] if val is None else list(parts_of(val))}
    for name, datasets in parts.items():
        if any(_is_own(type(part)) and part.split == 'test' for part in datasets):
            raise ValueError(f'{name}_dataloader holds the split test (PrivateTest), {_REASON[name]}')
    trained, validated = (dict(_images(datasets)) for datasets in parts.values())
    for name, images in (('train', trained), ('val', validated)):
        test = next((each for each in images.values() if os.path.basename(each).startswith(RESERVED)), None)
        if test:
            raise ValueError(f'{name}_dataloader holds {test}, an image of the split test (PrivateTest), '
                             f'{_REASON[name]}')
    shared = [name for key, name in validated.items() if key in trained]
    if shared:
        text = (f'train_dataloader and val_dataloader both hold {len(shared):,} images, such as {shared[0]}: the best '
                'checkpoint would be selected on training images')
        if any(_is_own(type(part)) for part in (*parts['train'], *parts['val'])):
            raise ValueError(text)
        print_log(text, 'current', logging.WARNING)


def check_splits(cfg: Config) -> None:
    """Refuse a training config that names the split test, before any data are read; :func:`check_protocol` sees more.

    Raises:
        ValueError: see above.
    """
    for name in ('train', 'val'):
        if 'test' in _splits(cfg.get(f'{name}_dataloader')):
            raise ValueError(f'{name}_dataloader holds the split test (PrivateTest), {_REASON[name]}')


def _images(datasets: list) -> Iterator[tuple[Any, str]]:
    """What tells an image from others, and its name; nothing for images without either."""
    for dataset in datasets:
        if not hasattr(dataset, 'get_data_info') or (len(dataset) > MOST and not _is_own(type(dataset))):
            continue
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            path, name, image = info.get('img_path'), info.get('sample_id'), info.get('img')
            if path:
                yield os.path.realpath(path), str(path)
            elif name:
                yield (name, None if image is None else hash(to_grey(image).tobytes())), str(name)


def _is_own(kind: Any) -> bool:
    """Whether a class of data sets, or the name of one, has the official splits."""
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    return isinstance(kind, type) and any(base.__name__ in OWN for base in kind.__mro__)


def _splits(node: Any) -> set[str]:
    """Splits of these data sets anywhere in a config, also inside of wrappers."""
    return {value for path, value, holder in walk(node)
            if path.rpartition('.')[2] == 'split' and _is_own(holder.get('type'))}
