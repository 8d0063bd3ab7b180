"""Masking block of the Residual Masking Network.

Pham, Vu & Tran, "Facial Expression Recognition Using Residual Masking Network", ICPR 2020, section III; layer sizes,
softmax and initialisation from the authors' code (``models/masking.py`` of ``phamquiluan/ResidualMaskingNetwork``). The
paper says only that the mask lies in [0, 1]. No deviation is known.
"""
from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Residual block of two 3x3 convolutions, with a 1x1 convolution as shortcut.

    Args:
        in_channels: channels C of the input (N, C, H, W).
        out_channels: channels of the output, which is nonnegative.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H, W)."""
        inner = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(inner)) + self.shortcut(x))


class MaskingBlock(nn.Module):
    """U-Net of residual blocks that gives each value of a map a weight; the weights of the channels sum to 1.

    On the way down the channels double and, from the second block on, height and width halve; on the way up transposed
    convolutions reverse this, with the maps of the way down beside them. A block of depth 1 does not pool.

    Args:
        channels: channels C of the map.
        depth: number of blocks on the way down.

    Raises:
        ValueError: ``depth`` is below 1; or, in ``forward``, a side is no multiple of ``2 ** (depth - 1)``.
    """

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        if depth < 1:
            raise ValueError(f'depth must be at least 1, got {depth}')
        widths = [channels * 2 ** i for i in range(depth + 1)]
        lower = list(pairwise(widths[1:]))
        self.down = nn.ModuleList(ResidualBlock(a, b) for a, b in pairwise(widths))
        self.rise = nn.ModuleList(_rise(b, a) for a, b in reversed(lower))
        self.up = nn.ModuleList(ResidualBlock(b, a) for a, b in reversed(lower))
        self.out = ResidualBlock(widths[1], channels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the convolutions by He's method with fan-out; the last norm of each block starts at 0."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
            elif isinstance(module, (nn.BatchNorm2d, nn.ConvTranspose2d)):
                module.reset_parameters()
        for module in self.modules():
            if isinstance(module, ResidualBlock):
                nn.init.zeros_(module.norm2.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Weights (N, C, H, W) of a map (N, C, H, W), in (0, 1)."""
        factor = 2 ** (len(self.down) - 1)
        if x.shape[2] % factor or x.shape[3] % factor:
            raise ValueError(f'a map of {x.shape[2]} x {x.shape[3]}, but a mask of depth {len(self.down)} needs '
                             f'multiples of {factor}: choose another size of the image')
        maps = []
        for i, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if i else x)
            maps.append(x)
        for rise, block, beside in zip(self.rise, self.up, reversed(maps[:-1])):
            x = block(torch.cat([rise(x), beside], 1))
        return self.out(x).softmax(1)


def _rise(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(in_channels, out_channels, 2, 2), nn.BatchNorm2d(out_channels),
                         nn.ReLU(inplace=True))
