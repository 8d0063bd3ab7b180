"""Exponential moving average of a model's weights, all of them in one operation."""
from __future__ import annotations

import torch
from mmengine.hooks import EMAHook
from mmengine.model import ExponentialMovingAverage
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS, MODELS
from torch import nn


@MODELS.register_module()
class ForeachEMA(ExponentialMovingAverage):
    """The host's ``ExponentialMovingAverage`` and ``MomentumAnnealingEMA``, as an ``ema_type`` of ``EMAHook``.

    Averages, arguments and keys of the checkpoint are the host's, which goes through the parameters in a Python
    loop, a kernel each; here ``torch._foreach`` does them together. Deviation: unless they are averaged too,
    buffers (the statistics of a BatchNorm) are not copied from the model but *are* the model's, so that whenever a
    checkpoint is saved, it holds those that the validation saw.

    Args:
        model: what is averaged.
        momentum: weight of the new value, in (0, 1).
        gamma: of the annealing; at step t the momentum is at least (1 + (t - start) / gamma) ** -power. 0 for none.
        interval: steps from one update to the next.
        device: where the averaged parameters are kept; with the model when None.
        update_buffers: whether buffers of a floating-point type are averaged.
        power: of the annealing. The host's has 1; ema_pytorch's, in the released code, 2/3, with a gamma of 1.
        start: up to this step the weights are copied; ema_pytorch has 100.

    Raises:
        ValueError: if ``gamma`` is negative.
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
        self.steps = torch.tensor(0)  # with the host, which reads it at every step and must not wait for a device

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Take in the weights that ``model`` has now."""
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
        if steps <= self.start:
            return 1.0
        annealed = (1 + (steps - self.start) / self.gamma)**-self.power if self.gamma else 0
        return max(self.momentum, annealed)

    @staticmethod
    def _lists(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        return [average for average, _ in pairs], [source.to(average.device) for average, source in pairs]


@HOOKS.register_module()
class RawValidationEMAHook(EMAHook):
    """``EMAHook`` that leaves validation to the raw weights, as the released code does; the average is for the test.

    The checkpoint's ``state_dict`` is the average, as with the host's hook.
    """

    def before_val_epoch(self, runner: Runner) -> None:
        pass

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        pass
