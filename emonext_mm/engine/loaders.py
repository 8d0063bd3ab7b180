"""Checks of a data loader before a training or a test."""
from __future__ import annotations

import numpy as np
from mmengine.dataset import DefaultSampler
from torch import nn
from torch.utils.data import DataLoader

from emonext_mm.emotions import check_names
from emonext_mm.engine.hooks.class_order import classes_of
from emonext_mm.utils.models import unwrap
from emonext_mm.utils.samples import parts_of, sample_id


def check_all_images(loader: DataLoader, key: str) -> None:
    """Check that a data loader yields each image of its data set once.

    The images that ``DefaultSampler`` repeats, to give each of several processes as many, are not counted by MMEngine.

    Args:
        key: of the loader in the config, for the message.

    Raises:
        ValueError: it leaves out the last batch, or its sampler may leave out or repeat images.
    """
    if getattr(loader.batch_sampler, 'drop_last', False):
        raise ValueError(f'{key}.drop_last is True, which leaves out the images of an incomplete batch of '
                         f'{loader.batch_size}: set {key}.drop_last=False')
    if not isinstance(loader.sampler, DefaultSampler):
        raise ValueError(f'{key}.sampler.type is {type(loader.sampler).__name__}, which may leave out or repeat images'
                         f': set {key}.sampler.type=DefaultSampler')


def check_labels(loader: DataLoader, key: str, model: nn.Module) -> None:
    """Check that all labels are indices of a class. Labels of other kinds (several, or by task) pass.

    Args:
        key: of the loader in the config, for the message.
        model: whose head tells the number of classes too.

    Raises:
        ValueError: a label is none, or the name of a class is no text.
    """
    classes = classes_of(loader.dataset) or ()
    check_names(classes)
    outputs = getattr(getattr(unwrap(model), 'head', None), 'num_classes', None)
    counts = [count for count in (len(classes), outputs) if isinstance(count, int) and count > 0]
    for part in parts_of(loader.dataset) if counts else ():
        for index in range(len(part)) if hasattr(part, 'get_data_info') else ():
            label = part.get_data_info(index).get('gt_label')
            if isinstance(label, (int, np.integer)) and not 0 <= label < min(counts):
                raise ValueError(f'{key}: the label of {sample_id(part, index)} is {label}, expected 0 to '
                                 f'{min(counts) - 1}')
