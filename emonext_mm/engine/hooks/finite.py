"""The end of a training whose loss is not finite, and of a test whose scores are not."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.device import get_device
from mmengine.hooks import Hook, LoggerHook
from mmengine.optim import AmpOptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch import nn

from emonext_mm.utils.checkpoint_content import check_finite
from emonext_mm.utils.errors import CheckpointError
from emonext_mm.utils.models import unwrap
from emonext_mm.utils.plain import to_plain
from emonext_mm.utils.samples import check_scores, name_sample, samples_of

OVERFLOWS = 10  # steps in a row that a gradient scaler may skip


class _Step(NamedTuple):
    iteration: int  # from 1, as in the log
    losses: dict[str, torch.Tensor]
    samples: Sequence[DataSample]


class FiniteHook(Hook):
    """Stop a training whose loss is not finite before it saves anything more, and a test whose scores are not.

    On a GPU the losses are read when a log line is due, before a checkpoint, and at the end of an epoch, since each
    reading waits for the GPU; on a CPU after each step. A gradient scaler skips the steps of losses that overflow: only
    ``OVERFLOWS`` of them in a row stop the training.

    Raises:
        FloatingPointError: a loss, a weight or a score is not finite; the message has the iteration, the losses and the
            names of the samples.
    """

    priority = 'VERY_HIGH'  # before the logger, and before the hook that validates averaged weights

    def before_train(self, runner: Runner) -> None:
        self._steps: list[_Step] = []
        self._bad: list[_Step] = []  # those in a row that were not finite, up to the last step that was read
        self._patience = OVERFLOWS if _has_scaler(runner.optim_wrapper) else 1
        intervals = [hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)]
        self._interval = 1 if get_device() == 'cpu' else min(intervals, default=1)
        self._masks = {name: value.clone() for name, value in runner.model.named_buffers()
                       if value.is_floating_point() and not value.isfinite().all()}

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        losses = {name: value.detach() for name, value in (outputs or {}).items() if isinstance(value, torch.Tensor)}
        self._steps.append(_Step(runner.iter + 1, losses, samples_of(data_batch)))
        if self.every_n_inner_iters(batch_idx, self._interval) or self.end_of_epoch(runner.train_dataloader, batch_idx):
            self._read(runner)

    def before_val_epoch(self, runner: Runner) -> None:
        if hasattr(self, '_steps'):  # else it is no part of a training
            self._read(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """A loss may be finite, and the step after it still spoil the weights."""
        self._read(runner)
        try:
            check_finite(checkpoint['state_dict'], self._masks)
        except CheckpointError as error:
            raise FloatingPointError(f'after iteration {runner.iter} nothing was saved: {error}') from None

    def before_val(self, runner: Runner) -> None:
        self._watch(runner, runner.val_dataloader.dataset)

    def after_val(self, runner: Runner) -> None:
        self._handle.remove()

    def before_test(self, runner: Runner) -> None:
        self._watch(runner, runner.test_dataloader.dataset)

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Before the logger writes the metrics as JSON, which has no NaN."""
        for name, value in (metrics or {}).items():
            if isinstance(value, (float, np.ndarray, torch.Tensor)) and not np.isfinite(to_plain(value)).all():
                raise FloatingPointError(f'the metric {name} is not finite: {value}')

    def after_test(self, runner: Runner) -> None:
        self._handle.remove()

    def _watch(self, runner: Runner, dataset: Any) -> None:
        """Check all samples that the model predicts, before a metric takes them."""
        def check(module: nn.Module, args: tuple, output: Any) -> None:
            check_scores(output if isinstance(output, list) else (), dataset)

        self._handle = unwrap(runner.model).register_forward_hook(check)

    def _read(self, runner: Runner) -> None:
        steps, self._steps = [step for step in self._steps if step.losses], []
        totals = [sum(value.float().sum() for name, value in step.losses.items() if 'loss' in name) for step in steps]
        finite = torch.stack([torch.as_tensor(total) for total in totals]).isfinite().tolist() if steps else []
        for step, sound in zip(steps, finite):
            self._bad = [] if sound else [*self._bad, step]
            if len(self._bad) >= self._patience:
                raise FloatingPointError(_describe(self._bad, runner))


def _has_scaler(wrapper: Any) -> bool:
    wrappers = wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]
    return any(isinstance(each, AmpOptimWrapper) and getattr(each, 'loss_scaler', None) is not None
               and each.loss_scaler.is_enabled() for each in wrappers)


def _describe(steps: Sequence[_Step], runner: Runner) -> str:
    """Say what is not finite, by the first of steps in a row."""
    first = steps[0]
    losses = ', '.join(f'{name} {float(value):.4g}' for name, value in first.losses.items())
    names = ', '.join(name_sample(sample, runner.train_dataloader.dataset) for sample in first.samples) or 'unknown'
    row = f' and in the {len(steps) - 1} after it, which the gradient scaler skipped' if len(steps) > 1 else ''
    return f'the loss is not finite in iteration {first.iteration}{row}: {losses}; samples of this batch: {names}'
