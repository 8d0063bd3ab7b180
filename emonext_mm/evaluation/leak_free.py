"""Accuracy on the leak-free test images: those without a duplicate among the training images."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from emonext_mm.evaluation.metrics import wilson_interval
from emonext_mm.utils.config_text import read_config_text
from emonext_mm.utils.options import walk


class LeakFreeAccuracy(BaseMetric):
    """Accuracy on the leak-free samples in %, its 95 % Wilson interval, and the number of these samples.

    The keys are ``leak_free/accuracy``, ``leak_free/ci95_low``, ``leak_free/ci95_high`` and ``leak_free/samples``;
    without any leak-free sample, only the last one.

    Args:
        leak_free: (N,) bool, in the order of the data set: True for a sample without a duplicate in training.
        **kwargs: ``collect_device`` and ``collect_dir`` of MMEngine's ``BaseMetric``.

    Raises:
        ValueError: in the evaluation: samples without their index in the data set.
    """

    default_prefix = 'leak_free'

    def __init__(self, leak_free: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.leak_free = leak_free

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Store index and correctness of each sample, which holds ``sample_idx``, ``gt_label``, ``pred_score`` (K,)."""
        for sample in data_samples:
            correct = int(sample['pred_score'].argmax()) == int(sample['gt_label'])
            self.results.append((sample.get('sample_idx'), correct))

    def compute_metrics(self, results: list[tuple[int, bool]]) -> dict:
        if {index for index, _ in results} != set(range(len(self.leak_free))):
            raise ValueError('samples do not carry their index in the data set: PackInputs must keep sample_idx')
        correct = [hit for index, hit in results if self.leak_free[index]]
        if not correct:
            return {'samples': 0}
        low, high = wilson_interval(sum(correct), len(correct))
        return {'accuracy': 100 * sum(correct) / len(correct), 'ci95_low': 100 * low, 'ci95_high': 100 * high,
                'samples': len(correct)}


class LeakFreeHook(Hook):
    """Measure the accuracy of a test on the leak-free samples too, see :func:`measure_leak_free`."""

    def __init__(self) -> None:
        self._training: str | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        self._training = (checkpoint.get('meta') or {}).get('cfg')

    def before_test(self, runner: Runner) -> None:
        measure_leak_free(runner.test_evaluator, runner.test_dataloader.dataset, self._training)


def measure_leak_free(evaluator: Evaluator, dataset: BaseDataset, training: str | None = None) -> None:
    """Add :class:`LeakFreeAccuracy` to an evaluator if the data set can tell which samples are leak-free.

    ``dataset.leaked`` (see ``FER2013``) is (N,) bool or raises ValueError, whose reason is logged. Nothing is added
    to an evaluator without metrics, nor for the training split, nor where the training held out other images.

    Args:
        training: config of the training, as text; None if unknown.
    """
    if not evaluator.metrics or not hasattr(type(dataset), 'leaked') or dataset.split == 'train':
        return
    try:
        if isinstance(training, str) and hasattr(dataset, 'hold_out'):
            _check_held_out(dataset, read_config_text(training).get('train_dataloader'))
        evaluator.metrics.append(LeakFreeAccuracy(~dataset.leaked))
    except ValueError as error:
        print_log(f'leak-free accuracy is not measured: {error}', logger='current', level=logging.WARNING)


def _check_held_out(dataset: BaseDataset, train_dataloader: Any) -> None:
    """Check that the data set has the split train that the training had: ``leaked`` compares with its images.

    Raises:
        ValueError: it held out other images.
    """
    tested = _held_out(vars(dataset))
    for trained in map(_held_out, _find_configs(type(dataset).__name__, train_dataloader)):
        if trained != tested:
            raise ValueError(f'the training images are others: {trained} in the training, {tested} in the test')


def _held_out(options: dict) -> str:
    share = options.get('hold_out')
    return f'hold_out={share}, hold_out_seed={options.get("hold_out_seed", 0)}' if share else 'hold_out=0'


def _find_configs(kind: str, cfg: Any) -> list[dict]:
    """Configs of a kind of data set, also inside of wrappers such as ``RepeatDataset``."""
    return [holder for path, value, holder in walk(cfg)
            if path.rpartition('.')[2] == 'type' and str(value).rpartition('.')[2] == kind]
