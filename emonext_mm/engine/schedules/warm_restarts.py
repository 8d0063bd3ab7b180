"""Cyclic learning rate: linear warm-up and cosine decay in each cycle.

Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, with a warm-up in each cycle as
in the authors' code of EmoNeXt (``scheduler.py``). No combination of MMEngine's schedulers gives this: they multiply
the previous learning rate, which is 0 at the end of a cycle.
"""
from __future__ import annotations

import math

from mmengine.optim import _ParamScheduler
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmpretrain.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class WarmRestartLR(LRSchedulerMixin, _ParamScheduler):
    """Linear warm-up to the optimizer's learning rate, then cosine decay to 0, repeated every ``period`` steps.

    The factor of step t of a cycle is t / warmup during the warm-up and (1 + cos(pi s)) / 2 afterwards, where s grows
    from 0 to 1. As in the authors' code, training starts at t = 1, and every later cycle at t = 0 with a learning rate
    of 0. Deviation: the peak is the optimizer's learning rate; the authors' code ignores it and uses 1e-3.

    Args:
        optimizer: optimizer or optimizer wrapper.
        warmup: number of warm-up steps.
        period: number of steps of a cycle, warm-up included.
        by_epoch: True if a step is an epoch, False if it is an iteration, as in the authors' code. The default is
            MMEngine's, whose Runner expects it when it sets ``end``.
        **kwargs: ``begin``, ``end``, ``last_step`` and ``verbose``, as in MMEngine's schedulers.

    Raises:
        ValueError: not 0 < warmup < period.
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
