"""The localisation network of EmoNeXt's Spatial Transformer.

El Boudouri & Bohi, "EmoNeXt: an Adapted ConvNeXt for Facial Emotion Recognition", MMSP 2023, section III-A;
the layer sizes are those of the released code. Deviations: the input size is an argument (released: 224),
and images of another size are resized for the look, so one set of weights serves any input size.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LocalizationNet(nn.Module):
    """Regress one affine map per image; starts at, and :meth:`reset_identity` returns to, the identity.

    Args:
        size: side in pixels of the square view the net looks at; at least 18, so that a pixel is left.
        in_channels: channels of the images.
        hidden: width of the hidden fully connected layer.

    Raises:
        ValueError: if ``size`` is too small.
    """

    def __init__(self, size: int = 224, in_channels: int = 3, hidden: int = 32) -> None:
        super().__init__()
        left = ((size - 6) // 2 - 4) // 2  # two valid convolutions (7, 5), a halving after each
        if left < 1:
            raise ValueError(f'localization size must be at least 18 px, got {size}')
        self.size = size
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 8, 7),
            nn.BatchNorm2d(8),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            nn.Conv2d(8, 10, 5),
            nn.BatchNorm2d(10),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
        )
        self.regressor = nn.Sequential(
            nn.Linear(10 * left * left, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, 6),
        )
        self.reset_identity()
        # On a CPU a quarter faster, with so few channels; the regressor sees the features in the same order.
        self.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def reset_identity(self) -> None:
        """Make the net answer the identity map whatever it sees."""
        self.regressor[-1].weight.zero_()
        self.regressor[-1].bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) -> theta (N, 2, 3), see :mod:`~emonext_mm.models.layers.affine`.

        Computed in the precision of the weights, even under autocast: near 1 a bfloat16 has steps of 1/128, which
        is a pixel at the border of a 224 px image, and the gradient of so coarse a map points elsewhere.
        """
        with torch.autocast(images.device.type, enabled=False):
            images = images.to(self.regressor[-1].weight.dtype)
            if images.shape[-2:] != (self.size, self.size):
                images = F.interpolate(images, (self.size, self.size), mode='bilinear', antialias=True)
            features = self.features(images.contiguous(memory_format=torch.channels_last))
            return self.regressor(features.flatten(1)).view(-1, 2, 3)
