"""EmoNeXt's classification head, regularised by self-attention.

El Boudouri & Bohi, MMSP 2023, section III-C. The logits come from the plain features; the attention only
feeds the regulariser, so it costs nothing at test time.
"""
from __future__ import annotations

from mmpretrain.models import LinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from emonext_mm.models.layers.self_attention import BatchAttentionVariance, ElementAttentionVariance

MODELS.register_module(module=ElementAttentionVariance)
MODELS.register_module(module=BatchAttentionVariance)


@MODELS.register_module()
class SARegClsHead(LinearClsHead):
    """``LinearClsHead`` whose loss gains ``sa_weight`` times the variance of self-attention weights.

    Args:
        num_classes: number of classes.
        in_channels: C of the features.
        attention: config of the module that maps features (N, C) to the variance; ``channels`` is filled in.
            ``ElementAttentionVariance`` is the paper's, ``BatchAttentionVariance`` the released code's.
        sa_weight: lambda. The paper does not give it, the released code has 1.
        init_cfg, **kwargs: those of ``LinearClsHead``. The default is ConvNeXt's draw.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        attention: dict | None = None,
        sa_weight: float = 1.0,
        init_cfg: dict | None = dict(type='TruncNormal', layer='Linear', std=0.02),  # noqa: B006
        **kwargs,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg=init_cfg, **kwargs)
        attention = attention or dict(type='ElementAttentionVariance')
        self.attention = MODELS.build(dict(attention, channels=in_channels))
        self.sa_weight = sa_weight

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample], **kwargs) -> dict[str, Tensor]:
        """Loss dict of the host plus ``loss_sa`` = lambda * L_SA and, for the log, ``sa_variance`` = L_SA.

        L_SA is at most about 1 / C and far less in practice, so its raw value is worth watching.
        """
        losses = super().loss(feats, data_samples, **kwargs)
        variance = self.attention(self.pre_logits(feats))
        return dict(losses, loss_sa=self.sa_weight * variance, sa_variance=variance.detach())
