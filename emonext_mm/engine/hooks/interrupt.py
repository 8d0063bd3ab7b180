"""Stop of a training between two steps, and its continuation there."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import BaseLoop, Runner
from torch import distributed

from emonext_mm.engine.hooks.late_losses import LateLosses
from emonext_mm.engine.hooks.step_seed import DATA, seed_all
from emonext_mm.utils.interrupt import Interrupted, StopRequest
from emonext_mm.utils.work_dir import last_checkpoint

DONE = 'steps_done_in_epoch'  # in the runtime info of a checkpoint: [steps that are done, steps of the epoch]


class InterruptHook(Hook):
    """Save a checkpoint after the step in which a training is asked to stop, and raise :class:`Interrupted`.

    - Within an epoch, the checkpoint is named as ``epoch_2_iter_57.pth``: two epochs and 57 iterations are done. A
      resumed training reads the batches of the epoch that are done again, and leaves them out.
    - In a validation, the checkpoint before it is left. ``SafeCheckpointHook`` validates when it is resumed. A
      validation whose epoch was not saved is done to its end first.
    - The processes of a distributed training stop after the same step, whichever of them is asked to.

    Args:
        request: of the process.

    Raises:
        Interrupted: the training was asked to stop, and is saved.
    """

    priority = 'LOWEST'  # after all that belongs to the step

    def __init__(self, request: StopRequest) -> None:
        self.request = request
        self._group = None
        self._done = 0

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        if runner._resume:
            done, steps = checkpoint['message_hub'].get('runtime_info', {}).pop(DONE, (0, 0))
            if steps == len(runner.train_dataloader):
                self._done = done
            else:  # with another batch size, the epoch is done anew
                checkpoint['meta']['iter'] -= done

    def before_train(self, runner: Runner) -> None:
        if get_world_size() > 1:
            self._group = distributed.new_group(backend='gloo')  # NCCL would make each step wait for the GPU
        if self._done:
            self._skip_done(runner.train_loop, runner.seed)
        self.request.waits = True
        self.request.listen()

    def after_train(self, runner: Runner) -> None:
        self.request.waits = False

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        by_epoch, done = not hasattr(runner.train_loop, 'dataloader_iterator'), runner.iter + 1
        steps = len(runner.train_loop.dataloader) if by_epoch else runner.max_iters
        if batch_idx + 1 < steps and runner.optim_wrapper.should_update() and (number := self._agree()):
            if by_epoch:  # an iteration-based loop skips by itself
                runner.message_hub.update_info(DONE, [batch_idx + 1, steps])
            hook = self._checkpoint_hook(runner)
            self._save(runner, f'{runner.epoch}_iter_{done}' if hook and hook.by_epoch else done, done)
            self._stop(runner, number)

    def before_val_epoch(self, runner: Runner) -> None:
        self._stop_if_saved(runner, self._agree())

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if self._group is None:  # processes may validate unequal numbers of batches
            self._stop_if_saved(runner, self.request.number)

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        loop = runner.train_loop
        if (number := self._agree()) and loop.iter < loop.max_iters:
            self._stop_if_saved(runner, number)
            self._save(runner, self._step(runner), runner.iter)
            self._stop(runner, number)

    def _agree(self) -> int:
        """The signal that any of the processes has received, or 0."""
        number = torch.tensor(self.request.number)
        if self._group is not None:
            distributed.all_reduce(number, distributed.ReduceOp.MAX, self._group)
        return int(number)

    def _stop_if_saved(self, runner: Runner, number: int) -> None:
        hook = self._checkpoint_hook(runner)
        if number and (hook is None or
                       Path(hook.last_ckpt or '').name == hook.filename_tmpl.format(self._step(runner))):
            self._stop(runner, number)

    def _stop(self, runner: Runner, number: int) -> None:
        stop = Interrupted(number)
        stop.checkpoint = last_checkpoint(runner.work_dir) if self._checkpoint_hook(runner) else None
        raise stop

    def _save(self, runner: Runner, step: int | str, iteration: int) -> None:
        for hook in runner.hooks:
            if isinstance(hook, LateLosses):
                hook.flush(runner)
        if hook := self._checkpoint_hook(runner):
            hook._save_checkpoint_with_step(runner, step, dict(epoch=runner.epoch, iter=iteration))

    @staticmethod
    def _checkpoint_hook(runner: Runner) -> CheckpointHook | None:
        return next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)

    def _step(self, runner: Runner) -> int:
        """Number in the name of a checkpoint that is saved between two epochs, or iterations."""
        return runner.epoch if self._checkpoint_hook(runner).by_epoch else runner.iter

    def _skip_done(self, loop: BaseLoop, seed: int) -> None:
        """Leave out the steps of a resumed epoch that are done."""
        run_iter, steps_before = loop.run_iter, loop.iter

        def run_iter_or_skip(batch_idx: int, data_batch: Any) -> None:
            if batch_idx >= self._done:
                loop.run_iter = run_iter
                run_iter(batch_idx, data_batch)
            else:  # the next batch has the random numbers that it has after the last step
                seed_all(seed, DATA, steps_before - 1)

        loop.run_iter = run_iter_or_skip
