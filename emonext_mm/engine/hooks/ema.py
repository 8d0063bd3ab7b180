"""Exponential moving average (EMA) of all weights in one operation."""
from __future__ import annotations

import torch
from mmengine.hooks import EMAHook
from mmengine.model import ExponentialMovingAverage
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS, MODELS
from torch import nn


@MODELS.register_module()
class ForeachEMA(ExponentialMovingAverage):
    """Fast ``ExponentialMovingAverage`` and ``MomentumAnnealingEMA``, for ``ema_type`` of ``EMAHook``.

    Averages, arguments and checkpoint keys are MMEngine's, whose classes loop over the parameters in Python with one
    kernel each; here ``torch._foreach`` updates all of them together. Deviation: buffers that are not averaged (the
    statistics of BatchNorm) are shared with the model, not copied, so a checkpoint holds those that validation used.

    Args:
        model: model to average.
        momentum: weight of the new value, in (0, 1).
        gamma: annealing constant: at step t the momentum is at least (1 + (t - start) / gamma) ** -power; 0 disables
            annealing.
        interval: number of steps between updates.
        device: device of the averaged parameters; None for that of the model.
        update_buffers: whether floating-point buffers are averaged too.
        power: exponent of the annealing. MMEngine: 1; ema_pytorch, used by the authors' code: 2/3, with gamma 1.
        start: number of first steps in which the weights are copied; ema_pytorch: 100.

    Raises:
        ValueError: ``gamma`` is negative.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        gamma: float = 0,
        interval: int = 1,
        device: torch.device | None = None,
        update_buffers: bool = False,
        power: float = 1,
        start: int = 0,
    ) -> None:
        super().__init__(model, momentum, interval, device, update_buffers)
        if gamma < 0:
            raise ValueError(f'gamma must not be negative, got {gamma}')
        self.gamma, self.power, self.start = gamma, power, start
        self.steps = torch.tensor(0)  # on the CPU, which reads it in every step and should not wait for the GPU

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Update the average with the current weights of ``model``."""
        steps = int(self.steps)
        if steps % self.interval == 0:
            source = model.state_dict() if self.update_buffers else dict(model.named_parameters())
            pairs = [(average, source[name]) for name, average in self.avg_parameters.items()]
            if steps:
                pairs = [pair for pair in pairs if pair[0].is_floating_point()]
                torch._foreach_lerp_(*self._lists(pairs), self._momentum(steps))
            else:
                torch._foreach_copy_(*self._lists(pairs))
        if not self.update_buffers:
            for average, source in zip(self.module.modules(), model.modules()):
                average._buffers.update(source._buffers)
        self.steps += 1

    def _momentum(self, steps: int) -> float:
        return momentum_at(steps, self.momentum, self.gamma, self.power, self.start)

    @staticmethod
    def _lists(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        return [average for average, _ in pairs], [source.to(average.device) for average, source in pairs]


def momentum_at(steps: int, momentum: float, gamma: float = 0, power: float = 1, start: int = 0) -> float:
    """Weight of the new value at a step, see :class:`ForeachEMA`."""
    if steps <= start:
        return 1.0
    annealed = (1 + (steps - start) / gamma)**-power if gamma else 0
    return max(momentum, annealed)


@HOOKS.register_module()
class RawValidationEMAHook(EMAHook):
    """``EMAHook`` that validates the raw weights and tests the averaged ones, as the authors' code does.

    The ``state_dict`` of a checkpoint is the average, as with ``EMAHook``.
    """

    def before_val_epoch(self, runner: Runner) -> None:
        """Keep the raw weights in the model."""

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Keep the raw weights in the model."""
