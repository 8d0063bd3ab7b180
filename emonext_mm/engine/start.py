"""Checks before the first step of a training, of what would otherwise fail after hours or do nothing."""
from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch import nn
from torch.utils.data import DataLoader

from emonext_mm.emotions import check_names
from emonext_mm.engine.hooks.class_order import classes_of
from emonext_mm.engine.loaders import check_all_images
from emonext_mm.utils.models import unwrap
from emonext_mm.utils.samples import parts_of, sample_id


def check_start(runner: Runner) -> None:
    """Check the data of a training, and that its validation gives the metrics that hooks and schedules need.

    Call this after the runner was built and before ``runner.train()``.

    Raises:
        ValueError: a batch is larger than the data set, a label is no index of a class, the name of a class is no text,
            the validation may leave out or repeat images, or a metric is missing; the message names the config's key.
    """
    _check_batches(runner.train_dataloader)
    for key in ('train_dataloader', 'val_dataloader') if runner.val_loop else ('train_dataloader', ):
        _check_labels(key, getattr(runner, key).dataset, runner.model)
    if runner.val_loop:
        check_all_images(runner.val_dataloader, 'val_dataloader')
    monitored = list(_monitored(runner)) if runner.val_loop else []
    known = metric_names(runner.val_loop.evaluator) if monitored else None
    for key, metric in monitored:
        if known is not None and metric not in known:
            raise ValueError(f'{key} is {metric!r}, which the validation does not measure; it measures '
                             f'{", ".join(sorted(known))}')


def metric_names(evaluator: Evaluator) -> set[str] | None:
    """Names of the metrics of a classification, from one made-up sample of each class; None where that is not enough.

    Args:
        evaluator: knows the classes by its ``dataset_meta``, as that of a loop does. It is not changed.
    """
    evaluator = copy.deepcopy(evaluator)
    try:
        scores = torch.eye(len(evaluator.dataset_meta['classes']))
        evaluator.process([DataSample().set_gt_label(label).set_pred_label(label).set_pred_score(score)
                           for label, score in enumerate(scores)])
        return set(evaluator.evaluate(len(scores)))
    except Exception:  # a metric of another task may need anything
        return None


def _check_batches(loader: DataLoader) -> None:
    if not len(loader) and not isinstance(loader.sampler, InfiniteSampler):
        raise ValueError(f'train_dataloader.batch_size is {loader.batch_size}, but there are {len(loader.sampler)} '
                         'images for each process, and drop_last leaves out the incomplete batch: no step would be '
                         'made')


def _check_labels(key: str, dataset: Any, model: nn.Module) -> None:
    """Refuse labels that are no index of a class. Labels of other kinds (several, or by task) pass."""
    classes = classes_of(dataset) or ()
    check_names(classes)
    outputs = getattr(getattr(unwrap(model), 'head', None), 'num_classes', None)
    counts = [count for count in (len(classes), outputs) if isinstance(count, int) and count > 0]
    for part in parts_of(dataset) if counts else ():
        for index in range(len(part)) if hasattr(part, 'get_data_info') else ():
            label = part.get_data_info(index).get('gt_label')
            if isinstance(label, (int, np.integer)) and not 0 <= label < min(counts):
                raise ValueError(f'{key}: the label of {sample_id(part, index)} is {label}, expected 0 to '
                                 f'{min(counts) - 1}')


def _monitored(runner: Runner) -> Iterator[tuple[str, str]]:
    """Keys of the config, each with the metric that it names."""
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook) and hook.save_best:
            names = [hook.save_best] if isinstance(hook.save_best, str) else hook.save_best
            yield from (('default_hooks.checkpoint.save_best', name) for name in names if name != 'auto')
        elif isinstance(hook, EarlyStoppingHook):
            yield 'monitor of the early stopping', hook.monitor
    schedules = runner.cfg.get('param_scheduler') or []
    for schedule in [schedules] if isinstance(schedules, dict) else schedules:
        if 'monitor' in schedule:
            yield 'param_scheduler.monitor', schedule['monitor']
