"""Checks before the first step of a training or a test, of what would otherwise fail after hours or do nothing."""
from __future__ import annotations

import copy
import re
from collections.abc import Iterator

import torch
from mmengine.dataset import InfiniteSampler
from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch.utils.data import DataLoader

from emonext_mm.engine.loaders import check_all_images, check_labels
from emonext_mm.engine.views import check_views

_LESS = {'brier', 'ece', 'entropy', 'err', 'error', 'loss', 'mae', 'mse', 'nll', 'perplexity', 'rmse'}
_GREATER = {'acc', 'accuracy', 'auc', 'f1', 'map', 'precision', 'recall', 'top1', 'top5', 'uar'}
_ADJECTIVES = {'less': 'smallest', 'greater': 'largest'}


def check_start(runner: Runner) -> None:
    """Check the data of a training, and that its validation gives the metrics that hooks and schedules need.

    Call this after the runner was built and before ``runner.train()``.

    Raises:
        ValueError: a batch is larger than the data set, a label is no index of a class, the name of a class is no text,
            the validation may leave out or repeat images, or a metric that a hook or a schedule asks for is missing, or
            it takes the worst value of it for the best; the message names the config's key.
    """
    _check_batches(runner.train_dataloader)
    check_labels(runner.train_dataloader, 'train_dataloader', runner.model)
    if runner.val_loop:
        check_labels(runner.val_dataloader, 'val_dataloader', runner.model)
        check_all_images(runner.val_dataloader, 'val_dataloader')
    monitored = list(_monitored(runner)) if runner.val_loop else []
    known = metric_names(runner.val_loop.evaluator) if monitored else None
    for key, metric, rule in monitored:
        if known is not None and metric not in known:
            raise ValueError(f'{key} is {metric!r}, which the validation does not measure; it measures '
                             f'{", ".join(sorted(known))}')
        right = rule_of(metric)
        if right not in (None, rule):
            raise ValueError(f'{key} is {metric!r}, of which the {_ADJECTIVES[right]} value is the best, but its rule '
                             f'is {rule!r}: set rule={right!r} beside it')


def check_test(runner: Runner) -> None:
    """Check that a test takes each image once, and that its views differ.

    Raises:
        ValueError: see :func:`~emonext_mm.engine.loaders.check_all_images` and
            :func:`~emonext_mm.engine.views.check_views`.
    """
    check_all_images(runner.test_dataloader, 'test_dataloader')
    check_views(runner)


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


def rule_of(metric: str) -> str | None:
    """Rule of MMEngine, 'less' or 'greater', by which a value of a metric is the better one; None if it is not known.

    Args:
        metric: name, such as ``calibration/ece``; each of its words may tell.
    """
    words = set(re.split(r'[^a-z0-9]+', metric.lower()))
    return 'less' if words & _LESS else 'greater' if words & _GREATER else None


def _check_batches(loader: DataLoader) -> None:
    if not len(loader) and not isinstance(loader.sampler, InfiniteSampler):
        raise ValueError(f'train_dataloader.batch_size is {loader.batch_size}, but there are {len(loader.sampler)} '
                         'images for each process, and drop_last leaves out the incomplete batch: no step would be '
                         'made')


def _monitored(runner: Runner) -> Iterator[tuple[str, str, str]]:
    """Keys of the config, each with the metric that it names and the rule by which a value is the better one."""
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook) and hook.save_best:
            yield from (('default_hooks.checkpoint.save_best', name, rule)
                        for name, rule in zip(hook.key_indicators, hook.rules) if name != 'auto')
        elif isinstance(hook, EarlyStoppingHook):
            yield 'monitor of the early stopping', hook.monitor, hook.rule
    schedules = runner.cfg.get('param_scheduler') or []
    for schedule in [schedules] if isinstance(schedules, dict) else schedules:
        if 'monitor' in schedule:
            yield 'param_scheduler.monitor', schedule['monitor'], schedule.get('rule', 'less')
