"""VGG with a masking block at the end of a stage.

Vignesh, Savithadevi, Sridevi & Sridhar, "A novel facial emotion recognition model using segmentation VGG-19
architecture", International Journal of Information Technology 15, 2023; reference code ``models/vgg_19_bn_mask.py`` of
``VigneshS10/Segmentation-VGG19``. The figure of the paper has five masks, each a U-Net of three poolings; the code has
four, after the stages 1, 2, 3 and 5, of depth 1, which does not pool. The default is the code's.
"""
from __future__ import annotations

import warnings
from collections.abc import Sequence

from mmpretrain.models import VGG
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from emonext_mm.models.backbones.masked import MaskedStages


@MODELS.register_module()
class MaskedVGG(MaskedStages, VGG):
    """VGG with a mask at the end of a stage, after the last activation and before the pooling.

    See :class:`~emonext_mm.models.backbones.masked.MaskedStages`. The convolutions have biases, which a norm after
    them makes redundant: the reference codes of both peers and the weights of ImageNet have them, and so has the number
    of parameters.

    Args:
        depth: of the VGG: 11, 13, 16 or 19.
        mask_depths: depth of the mask of each stage; None for a stage without a mask, or for no masks at all.
        in_channels: channels of the image; MMPretrain's VGG has 3.
        **kwargs: as in ``VGG``, whose pooling layers must stay and which has no classifier here.

    Raises:
        ValueError: the number of mask depths is not that of the stages.
    """

    def __init__(self, depth: int = 19, mask_depths: Sequence[int | None] | None = (1, 1, 1, None, 1),
                 in_channels: int = 3, **kwargs) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', 'Unnecessary conv bias', UserWarning)  # of MMCV, see above
            super().__init__(depth, **kwargs)
        first = self.features[0].conv
        if in_channels != first.in_channels:
            self.features[0].conv = nn.Conv2d(in_channels, first.out_channels, first.kernel_size, padding=first.padding)
        channels = [self.features[start].conv.out_channels for start, _ in self.range_sub_modules]
        self.build_masks(channels, [None] * len(channels) if mask_depths is None else mask_depths)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of the stages in ``out_indices``, after their pooling, of images (N, in_channels, H, W)."""
        outs = []
        for stage, (start, end) in enumerate(self.range_sub_modules):
            for layer in self.features[start:end - 1]:
                x = layer(x)
            x = self.features[end - 1](self.mask(x, stage))
            if stage in self.out_indices:
                outs.append(x)
        return tuple(outs)
