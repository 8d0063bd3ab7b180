"""Learning rate that falls with the inverse of time, as Keras's ``decay``."""
from __future__ import annotations

from mmengine.optim import _ParamScheduler
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmpretrain.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class InverseTimeLR(LRSchedulerMixin, _ParamScheduler):
    """Learning rate lr / (1 + decay * t) at step t.

    It multiplies what other schedulers do, as in Keras, where ``ReduceLROnPlateau`` changes the rate that decays: the
    factor from one step to the next is (1 + decay * (t - 1)) / (1 + decay * t).

    Args:
        optimizer: optimizer or optimizer wrapper.
        decay: per step.
        by_epoch: True if a step is an epoch, False if it is an iteration, as in Keras. The default is MMEngine's,
            whose Runner expects it when it sets ``end``.
        **kwargs: ``begin``, ``end``, ``last_step`` and ``verbose``, as in MMEngine's schedulers.

    Raises:
        ValueError: ``decay`` is negative.
    """

    def __init__(self, optimizer, decay: float, by_epoch: bool = True, **kwargs) -> None:
        if decay < 0:
            raise ValueError(f'decay must not be negative, got {decay}')
        self.decay = decay
        super().__init__(optimizer, by_epoch=by_epoch, **kwargs)

    def _get_value(self) -> list[float]:
        step = self.last_step
        factor = (1 + self.decay * (step - 1)) / (1 + self.decay * step) if step else 1.0
        return [group[self.param_name] * factor for group in self.optimizer.param_groups]
