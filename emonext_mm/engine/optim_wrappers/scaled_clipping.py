"""Gradient clipping as EmoNeXt's released code has it: before the loss scale is taken out."""
from __future__ import annotations

from mmengine.optim import AmpOptimWrapper
from mmpretrain.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class ScaledClipAmpOptimWrapper(AmpOptimWrapper):
    """``AmpOptimWrapper`` that clips the gradients while they are still multiplied by the loss scale.

    A norm of 1 at the scaler's start of 65,536 is one of 1.5e-5 of the true gradients: of the many parameters of a
    ConvNeXt, most then have gradients below the 1e-8 that Adam adds to its denominator, and learn more slowly than
    the rate says. That is how the released code trains under ``--amp``; use it to reproduce that, and for nothing
    else. The logged ``grad_norm`` is that of the scaled gradients. Arguments are those of ``AmpOptimWrapper``.
    """

    def step(self, **kwargs) -> None:
        if self.clip_grad_kwargs:
            self._clip_grad()
        self.loss_scaler.step(self.optimizer, **kwargs)  # takes the scale out
        self.loss_scaler.update(self._scale_update_param)
