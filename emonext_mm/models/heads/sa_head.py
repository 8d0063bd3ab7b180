"""EmoNeXt classification head with self-attention (SA) regularisation.

El Boudouri & Bohi, MMSP 2023, section III-C. The logits are computed from the plain features; attention is used
by the regulariser alone, so it costs nothing at test time.
"""
from __future__ import annotations

import torch
from mmpretrain.models import LinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from emonext_mm.models.layers.self_attention import BatchAttentionVariance, ElementAttentionVariance

MODELS.register_module(module=ElementAttentionVariance)
MODELS.register_module(module=BatchAttentionVariance)


@MODELS.register_module()
class SARegClsHead(LinearClsHead):
    """``LinearClsHead`` with an additional loss: the variance of self-attention weights (L_SA), times ``sa_weight``.

    The buffer ``temperature`` (ours), 1 until a calibration sets it, divides the logits in ``predict``, never in a loss
    (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). It is stored with the weights; weights without
    it load with 1, and a training step sets it back to 1.

    Args:
        num_classes: number of classes.
        in_channels: number of feature channels C.
        attention: config of the module that computes L_SA from features (N, C), without ``channels``.
            ``ElementAttentionVariance`` (default) follows the paper, ``BatchAttentionVariance`` the authors' code.
        sa_weight: weight of L_SA (lambda). Not given in the paper; 1 in the authors' code.
        init_cfg: as in ``LinearClsHead``. The default initialisation is ConvNeXt's.
        **kwargs: as in ``LinearClsHead``.
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
        self.register_buffer('temperature', torch.tensor(1.0))

    def pre_logits(self, feats: tuple[Tensor | tuple[Tensor, ...], ...]) -> Tensor:
        """Take the features (N, C) of the last stage.

        A stage that hands over a tuple, as vision transformers do, gives the mean of its tokens (N, C), for example of
        class and distillation token; patches (N, C, H, W) beside them are left out.

        Raises:
            ValueError: other shapes; the message names them and ``in_channels``.
        """
        stage = feats[-1]
        tokens = [each for each in stage if each.ndim == 2] if isinstance(stage, (list, tuple)) else [stage]
        features = tokens[0] if len(tokens) == 1 else torch.stack(tokens).mean(0) if tokens else None
        if features is None or features.ndim != 2 or features.shape[1] != self.in_channels:
            shapes = [tuple(each.shape) for each in stage] if isinstance(stage, (list, tuple)) else tuple(stage.shape)
            raise ValueError(f'features of shape {shapes}, expected (N, {self.in_channels}), in_channels: a map needs '
                             "neck=dict(type='GlobalAveragePooling'), a vision transformer out_type='cls_token' or "
                             "'avg_featmap'")
        return features

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample], **kwargs) -> dict[str, Tensor]:
        """Compute the losses of features (N, C).

        Returns:
            The losses of ``LinearClsHead``; ``loss_sa``, lambda * L_SA; and ``sa_variance``, L_SA itself, which is
            logged but not optimised. L_SA is at most about 1 / C, and far smaller in practice.
        """
        if self.training:
            self.temperature.fill_(1)  # training ends a calibration
        losses = super().loss(feats, data_samples, **kwargs)
        variance = self.attention(self.pre_logits(feats))
        return dict(losses, loss_sa=self.sa_weight * variance, sa_variance=variance.detach())

    def _get_predictions(self, cls_score: Tensor, data_samples: list[DataSample] | None) -> list[DataSample]:
        return super()._get_predictions(cls_score / self.temperature, data_samples)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args)
        missing = args[2]
        if f'{prefix}temperature' in missing:
            missing.remove(f'{prefix}temperature')
            self.temperature.fill_(1)
