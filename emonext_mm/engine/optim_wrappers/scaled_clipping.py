"""Gradient clipping before unscaling, as in the authors' code of EmoNeXt."""
from __future__ import annotations

from mmengine.optim import AmpOptimWrapper
from mmpretrain.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class ScaledClipAmpOptimWrapper(AmpOptimWrapper):
    """``AmpOptimWrapper`` that clips gradients while they are still multiplied by the loss scale.

    For the reproduction of the authors' code under ``--amp`` only. With the scaler's initial scale of 65,536, a maximum
    norm of 1 limits the true gradient norm to 1.5e-5. Most gradients of a ConvNeXt are then smaller than Adam's epsilon
    of 1e-8, so the parameters change less than the learning rate suggests. The logged ``grad_norm`` is that of the
    scaled gradients. Arguments are those of ``AmpOptimWrapper``.
    """

    def step(self, **kwargs) -> None:
        if self.clip_grad_kwargs:
            self._clip_grad()
        self.loss_scaler.step(self.optimizer, **kwargs)  # unscales the gradients
        self.loss_scaler.update(self._scale_update_param)
