"""Inception network for faces of 48 px.

Pramerdorfer & Kampel, "Facial Expression Recognition using Convolutional Neural Networks: State of the Art", arXiv
1612.02903; their page is ``cpra/fer-cnn-sota``. The EmoNeXt paper cites their number from Khaireddin & Chen, arXiv
2105.03588. Inferred: the layout, C I P I I P I I P I I P F (convolution, inception, pooling, linear), is of the
published depth, 16; the widths are not known, and are here those of GoogLeNet's first seven modules (torchvision's,
with norms).
"""
from __future__ import annotations

from collections.abc import Sequence

from mmpretrain.models.backbones.base_backbone import BaseBackbone
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torchvision.models.googlenet import BasicConv2d, Inception

# Of each module: 1x1; 3x3 after its reduction; second 3x3 after its reduction; 1x1 after pooling.
WIDTHS = (
    ((64, 96, 128, 16, 32, 32), ),
    ((128, 128, 192, 32, 96, 64), (192, 96, 208, 16, 48, 64)),
    ((160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64)),
    ((112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128)),
)


@MODELS.register_module()
class FERInception(BaseBackbone):
    """A 3x3 convolution, then stages of inception modules, each with a 2x2 max-pooling at its end.

    Images (N, in_channels, 48, 48) become maps (N, 832, 3, 3) with the default widths.

    Args:
        widths: for each stage the widths of its modules, as torchvision's ``Inception`` has them.
        in_channels: channels of the images.
        stem_channels: of the first convolution.
        init_cfg: as in MMEngine; by default He's normal distribution (ours).
    """

    def __init__(
        self,
        widths: Sequence[Sequence[Sequence[int]]] = WIDTHS,
        in_channels: int = 1,
        stem_channels: int = 64,
        init_cfg: dict | None = dict(type='Kaiming', layer='Conv2d'),  # noqa: B006
    ) -> None:
        super().__init__(init_cfg)
        self.stem = BasicConv2d(in_channels, stem_channels, kernel_size=3, padding=1)
        self.stages = nn.ModuleList()
        channels = stem_channels
        for stage in widths:
            modules = []
            for each in stage:
                modules.append(Inception(channels, *each))
                channels = each[0] + each[2] + each[4] + each[5]
            self.stages.append(nn.Sequential(*modules, nn.MaxPool2d(2)))

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Map of the last stage of images (N, in_channels, H, W)."""
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return (x, )
