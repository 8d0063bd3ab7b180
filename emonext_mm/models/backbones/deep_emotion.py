"""Deep Emotion: a small convolutional network with spatial attention by a transformer of its feature map.

Minaee, Minaei & Abdolrashidi, "Deep-Emotion: Facial Expression Recognition Using Attentional Convolutional Network",
Sensors 21(9) 3046, 2021 (arXiv 1902.01019). There is no code by the authors; the layers are those of the paper's
figure. Inferred: the localisation network, whose 90 values follow from 48 px only with padded 3x3 convolutions and 4x4
pooling; the dropout rate.
"""
from __future__ import annotations

import torch
from mmpretrain.models.backbones.base_backbone import BaseBackbone
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from emonext_mm.models.layers.affine import affine_warp


class GreyLocalization(nn.Module):
    """Network that regresses one affine map for each grey image, initialised to the identity.

    Args:
        size: height and width of the images.
        padding: of the two 3x3 convolutions.
        pool: height and width of the poolings. Padding 1 and pool 4 give the 90 values of the figure at 48 px; padding
            0 and pool 2, as in a re-implementation, give 1,000.

    Raises:
        ValueError: nothing of an image is left after the poolings.
    """

    def __init__(self, size: int = 48, padding: int = 1, pool: int = 4) -> None:
        super().__init__()
        side = size
        for _ in range(2):
            side = (side + 2 * padding - 2) // pool
        if side < 1:
            raise ValueError(f'size {size} is too small for two poolings of {pool}')
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=padding), nn.MaxPool2d(pool), nn.ReLU(),
            nn.Conv2d(8, 10, 3, padding=padding), nn.MaxPool2d(pool), nn.ReLU(), nn.Flatten())
        self.regressor = nn.Sequential(nn.Linear(10 * side * side, 32), nn.ReLU(), nn.Linear(32, 6))
        self.reset_identity()

    @torch.no_grad()
    def reset_identity(self) -> None:
        """Reset the last layer, so that the output is the identity map for every image."""
        self.regressor[-1].weight.zero_()
        self.regressor[-1].bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

    def forward(self, images: Tensor) -> Tensor:
        """Regress theta (N, 2, 3) from images (N, 1, size, size); see :mod:`~emonext_mm.models.layers.affine`."""
        return self.regressor(self.features(images)).view(-1, 2, 3)


@MODELS.register_module()
class DeepEmotion(BaseBackbone):
    """Four unpadded convolutions whose map is warped by what a localisation network sees in the image.

    Grey images (N, 1, 48, 48) become (N, 810) with the default channels: the map (N, 10, 9, 9), flattened.

    Args:
        channels: of the convolutions.
        dropout: after the convolutions. Not given in the paper.
        localization: options of :class:`GreyLocalization`; None for a net without a warp, for example after an
            ``STNDataPreprocessor`` that warps the image.
        init_cfg: as in MMEngine; by default N(0, 0.05) for the weights. The warp starts at the identity in any case,
            unless ``init_cfg`` loads weights.
    """

    def __init__(
        self,
        channels: int = 10,
        dropout: float = 0.5,
        localization: dict | None = dict(),  # noqa: B006
        init_cfg: dict | None = dict(type='Normal', layer=['Conv2d', 'Linear'], std=0.05),  # noqa: B006
    ) -> None:
        super().__init__(init_cfg)
        self.features = nn.Sequential(*_stage(1, channels), *_stage(channels, channels), nn.Dropout(dropout))
        self.localization = None if localization is None else GreyLocalization(**localization)

    def init_weights(self) -> None:
        """Initialise as MMEngine does, then the warp to the identity."""
        super().init_weights()
        pretrained = isinstance(self.init_cfg, dict) and self.init_cfg['type'] == 'Pretrained'
        if self.localization is not None and not pretrained:
            self.localization.reset_identity()

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Features (N, C) of grey images (N, 1, H, W)."""
        features = self.features(x)
        if self.localization is not None:
            features = affine_warp(features, self.localization(x))
        return (features.flatten(1), )


def _stage(in_channels: int, out_channels: int) -> list[nn.Module]:
    return [nn.Conv2d(in_channels, out_channels, 3), nn.ReLU(), nn.Conv2d(out_channels, out_channels, 3),
            nn.MaxPool2d(2), nn.ReLU()]
