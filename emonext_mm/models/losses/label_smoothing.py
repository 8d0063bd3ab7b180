"""Cross entropy with label smoothing.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, section 7, as PyTorch computes
it. The values are those of the host's ``LabelSmoothLoss`` (mode 'original'), which reads the largest label at every
step, so that the CPU waits for the device.
"""
from __future__ import annotations

import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class LabelSmoothingCrossEntropy(nn.Module):
    """``torch.nn.functional.cross_entropy`` with label smoothing, as a loss of the host's heads.

    Args:
        label_smoothing: share of the target that is spread evenly over all classes, in [0, 1).
        loss_weight: factor of the loss.

    Raises:
        ValueError: ``label_smoothing`` is out of range.
    """

    def __init__(self, label_smoothing: float = 0.0, loss_weight: float = 1.0) -> None:
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise ValueError(f'label_smoothing must lie in [0, 1), got {label_smoothing}')
        self.label_smoothing, self.loss_weight = label_smoothing, loss_weight

    def forward(self, cls_score: Tensor, label: Tensor, weight: Tensor | None = None, avg_factor: float | None = None,
                reduction_override: str | None = None) -> Tensor:
        """Mean loss of logits and labels, computed in float32 at least.

        Args:
            cls_score: logits (N, K).
            label: class indices (N,), or class probabilities (N, K) as mixup makes them.
            weight: weight of each sample (N,).
            avg_factor: divisor of the sum of the losses; N when None.
            reduction_override: 'none', 'mean' or 'sum' in place of the mean.
        """
        if cls_score.dtype.itemsize < 4:
            cls_score = cls_score.float()
        target = label.to(cls_score.dtype) if label.ndim == 2 else label
        losses = F.cross_entropy(cls_score, target, label_smoothing=self.label_smoothing, reduction='none')
        losses = losses if weight is None else losses * weight
        if reduction_override == 'none':
            return self.loss_weight * losses
        total = self.loss_weight * losses.sum()
        return total if reduction_override == 'sum' else total / (avg_factor or len(losses))
