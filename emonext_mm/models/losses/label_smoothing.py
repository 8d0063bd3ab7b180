"""Cross entropy with label smoothing.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, section 7, in PyTorch's
implementation. The values equal those of MMPretrain's ``LabelSmoothLoss`` (mode 'original'), which reads the largest
label in every step and thereby makes the CPU wait for the GPU.
"""
from __future__ import annotations

import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import Tensor, nn

REDUCTIONS = ('none', 'mean', 'sum')


@MODELS.register_module()
class LabelSmoothingCrossEntropy(nn.Module):
    """``torch.nn.functional.cross_entropy`` with label smoothing, as a loss for MMPretrain's heads.

    Args:
        label_smoothing: fraction of the target distribution that is spread evenly over all classes, in [0, 1).
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
        """Compute the loss in float32 or float64.

        Args:
            cls_score: logits (N, K).
            label: class indices (N,), or class probabilities (N, K) as mixup makes them.
            weight: weights of the samples (N,).
            avg_factor: divisor of the sum of losses for the mean; None for N.
            reduction_override: 'none', 'mean' or 'sum'; None for 'mean'.

        Returns:
            Scalar, or (N,) for 'none'.

        Raises:
            ValueError: unknown ``reduction_override``.
        """
        reduction = reduction_override or 'mean'
        if reduction not in REDUCTIONS:
            raise ValueError(f'reduction_override must be one of {REDUCTIONS}, got {reduction_override!r}')
        if cls_score.dtype.itemsize < 4:
            cls_score = cls_score.float()
        target = label.to(cls_score.dtype) if label.ndim == 2 else label
        losses = F.cross_entropy(cls_score, target, label_smoothing=self.label_smoothing, reduction='none')
        losses = self.loss_weight * (losses if weight is None else losses * weight)
        if reduction == 'none':
            return losses
        total = losses.sum()
        return total if reduction == 'sum' else total / (losses.shape[0] if avg_factor is None else avg_factor)
