"""Random numbers that depend on the step of a training, not on what ran before it."""
from __future__ import annotations

from typing import Any

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from emonext_mm.utils.seeding import seed_libraries

EPOCH, STEP, DATA = range(3)  # what the random numbers are for


class StepSeedHook(Hook):
    """Seed torch, NumPy and Python anew at each epoch and each step, from ``randomness.seed`` and the rank.

    A training that is resumed then continues with the random numbers of an uninterrupted one. MMEngine seeds once, so
    that a resumed training repeats the dropped paths and the mixed images of its first epoch.

    - An epoch's seed is for the data loader, which gives it to the workers that it starts, see
      :func:`emonext_mm.datasets.worker.init_worker`.
    - A step's first seed is for the model, its second one for the next batch, if the process loads that itself.
    """

    priority = 'HIGHEST'

    def before_train_epoch(self, runner: Runner) -> None:
        seed_all(runner.seed, EPOCH, runner.epoch)
        loop = runner.train_loop
        if hasattr(loop, 'dataloader_iterator'):  # an iteration-based loop reads what it skips on a resume
            loop.dataloader_iterator = _SeededBatches(loop.dataloader_iterator, runner.seed)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        seed_all(runner.seed, STEP, runner.iter)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        seed_all(runner.seed, DATA, runner.iter)


class _SeededBatches:
    """Iterator that seeds before it takes the next batch from another one."""

    def __init__(self, batches: Any, seed: int) -> None:
        self._batches, self._seed, self._taken = batches, seed, 0

    def __next__(self) -> Any:
        seed_all(self._seed, DATA, self._taken - 1 if self._taken else 2 ** 32 - 1)
        self._taken += 1
        return next(self._batches)


def seed_all(seed: int, kind: int, number: int) -> None:
    """Seed torch on all devices, NumPy and Python.

    Args:
        seed: of the training.
        kind: ``EPOCH``, ``STEP`` or ``DATA``.
        number: of the epoch or of the iteration, from 0.
    """
    seed_libraries([seed, get_rank(), kind, number])
