"""Residual Masking Network: a ResNet with a masking block after each stage.

Pham, Vu & Tran, "Facial Expression Recognition Using Residual Masking Network", ICPR 2020; reference code
``models/resmasking.py`` of ``phamquiluan/ResidualMaskingNetwork``. The paper counts 142.9 million parameters: its code
registers the shortcuts of the masks twice. There are 137,796,423. Deviation: none known.
"""
from __future__ import annotations

from collections.abc import Sequence

from mmpretrain.models import ResNet
from mmpretrain.registry import MODELS
from torch import Tensor

from emonext_mm.models.backbones.masked import MaskedStages


@MODELS.register_module()
class ResMaskingNet(MaskedStages, ResNet):
    """ResNet with a mask at the end of each stage, see :class:`~emonext_mm.models.backbones.masked.MaskedStages`.

    Args:
        depth: of the ResNet, 34 in the paper.
        mask_depths: depth of the mask of each stage; None for a stage without a mask.
        **kwargs: as in ``ResNet``. The authors' code has ``zero_init_residual=False``.

    Raises:
        ValueError: the number of mask depths is not that of the stages.
    """

    def __init__(self, depth: int = 34, mask_depths: Sequence[int | None] = (4, 3, 2, 1), **kwargs) -> None:
        super().__init__(depth, **kwargs)
        self.build_masks([getattr(self, name)[-1].out_channels for name in self.res_layers], mask_depths)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of the stages in ``out_indices`` of images (N, 3, H, W)."""
        x = self.maxpool(self.stem(x) if self.deep_stem else self.relu(self.norm1(self.conv1(x))))
        outs = []
        for stage, name in enumerate(self.res_layers):
            x = self.mask(getattr(self, name)(x), stage)
            if stage in self.out_indices:
                outs.append(x)
        return tuple(outs)
