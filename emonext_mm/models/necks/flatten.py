"""Neck between a convolutional backbone and a head of linear layers."""
from __future__ import annotations

import torch.nn.functional as F
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class FlattenNeck(BaseModule):
    """Average-pool a feature map to a given size, flatten it, and drop some of its values.

    (N, C, H, W) becomes (N, C * pool * pool), in the order of channels, rows and columns. MMPretrain's heads have no
    dropout before their first layer.

    Args:
        pool: height and width to which each map is pooled; None leaves the map as it is.
        dropout: probability with which a value is set to 0 during training.

    Raises:
        ValueError: ``pool`` is below 1, or ``dropout`` is not in [0, 1).
    """

    def __init__(self, pool: int | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        if pool is not None and pool < 1:
            raise ValueError(f'pool must be at least 1, got {pool}')
        if not 0 <= dropout < 1:
            raise ValueError(f'dropout must be in [0, 1), got {dropout}')
        self.pool, self.dropout = pool, dropout

    def forward(self, inputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Flatten each map of a backbone."""
        maps = (inputs, ) if isinstance(inputs, Tensor) else inputs
        return tuple(self._flatten(each) for each in maps)

    def _flatten(self, features: Tensor) -> Tensor:
        if self.pool is not None:
            features = F.adaptive_avg_pool2d(features, self.pool)
        return F.dropout(features.flatten(1), self.dropout, self.training)
