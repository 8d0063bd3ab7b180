"""Learning rate in cycles: a linear warm-up, then half a cosine, and again.

Loshchilov & Hutter, "SGDR", 2017, with a warm-up in each cycle, as EmoNeXt's released code has it (``scheduler.py``).
MMEngine's schedulers cannot be put together to it: theirs multiply the last rate, which is 0 where a cycle ends.
"""
from __future__ import annotations

import math

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from mmpretrain.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class WarmRestartLR(LRSchedulerMixin, _ParamScheduler):
    """Step t of every ``period`` takes the optimizer's rate times t / warmup, then (1 + cos(pi s)) / 2.

    s goes from 0 to 1 in the steps after the warm-up. As in the released code the first step is t = 1, so that it
    learns something, and the first of each later cycle is t = 0, at which nothing is learnt. Deviation: the peak is
    the optimizer's learning rate; the released code ignores that, and has 1e-3.

    Args:
        optimizer: optimizer, or wrapper of one.
        warmup: steps of the warm-up.
        period: steps of a cycle, warm-up included.
        by_epoch: whether a step is an epoch; an iteration otherwise, as in the released code. True as with the host's
            schedulers: its Runner takes that for granted when it sets their ``end``.
        **kwargs: ``begin``, ``end``, ``last_step`` and ``verbose`` of the host's schedulers.

    Raises:
        ValueError: unless 0 < warmup < period.
    """

    def __init__(self, optimizer, warmup: int = 128, period: int = 1024, by_epoch: bool = True, **kwargs) -> None:
        if not 0 < warmup < period:
            raise ValueError(f'warmup must lie between 0 and the period of {period} steps, got {warmup}')
        self.warmup, self.period = warmup, period
        super().__init__(optimizer, by_epoch=by_epoch, **kwargs)

    def _get_value(self) -> list[float]:
        step = (self.last_step + 1) % self.period
        if step < self.warmup:
            factor = step / self.warmup
        else:
            factor = (1 + math.cos(math.pi * (step - self.warmup) / (self.period - self.warmup))) / 2
        return [value * factor for value in self.base_values]
