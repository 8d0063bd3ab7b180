"""Localisation network of EmoNeXt's Spatial Transformer.

El Boudouri & Bohi, "EmoNeXt: an Adapted ConvNeXt for Facial Emotion Recognition", MMSP 2023, section III-A; layer
sizes from the authors' code. Deviations: the input size is an argument (authors: 224), and images of another size are
resized to it, so one set of weights works for all image sizes.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LocalizationNet(nn.Module):
    """Network that regresses one affine map per image, initialised to the identity.

    Args:
        size: height and width of the network input in pixels, at least 18.
        in_channels: number of image channels.
        hidden: width of the hidden fully connected layer.

    Raises:
        ValueError: ``size`` is too small.
    """

    def __init__(self, size: int = 224, in_channels: int = 3, hidden: int = 32) -> None:
        super().__init__()
        side = ((size - 6) // 2 - 4) // 2  # of the last feature map: each unpadded convolution is followed by a pooling
        if side < 1:
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
            nn.Linear(10 * side * side, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, 6),
        )
        self.reset_identity()
        # A quarter faster on a CPU. Flattening keeps the order of the features.
        self.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def reset_identity(self) -> None:
        """Reset the last layer, so that the output is the identity map for every image."""
        self.regressor[-1].weight.zero_()
        self.regressor[-1].bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

    def forward(self, images: Tensor) -> Tensor:
        """Regress theta (N, 2, 3) from images (N, C, H, W); see :mod:`~emonext_mm.models.layers.affine`.

        Images (N, 1, H, W) stand for images whose C channels are equal. The result is the same at a third of the cost.

        Computed in the precision of the weights even under autocast: near 1, bfloat16 has steps of 1/128, about one
        pixel at the border of a 224 px image.
        """
        with torch.autocast(images.device.type, enabled=False):
            images = images.to(self.regressor[-1].weight.dtype)
            if images.shape[-2:] != (self.size, self.size):
                images = F.interpolate(images, (self.size, self.size), mode='bilinear', antialias=True)
            images = images.contiguous(memory_format=torch.channels_last)
            first = self.features[0]
            if images.shape[1] == 1:
                features = F.conv2d(images, first.weight.sum(1, keepdim=True), first.bias)
            else:
                features = first(images)
            features = self.features[1:](features)
            return self.regressor(features.flatten(1)).view(-1, 2, 3)
