"""Convolution of patches that do not overlap, with a fast gradient on the CPU.

ConvNeXt's stem and downsampling layers are such convolutions (Liu et al., "A ConvNet for the 2020s", CVPR 2022). Each
is a linear map of patches, and on a CPU the gradients of a linear map take up to half the time of oneDNN's gradients of
a convolution (bfloat16, torch 2.14). Inference and other devices use PyTorch's convolution.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, is_grad_enabled, nn


class PatchConv2d(nn.Conv2d):
    """``nn.Conv2d`` whose stride is its kernel size, with the keys of ``nn.Conv2d``.

    Args:
        in_channels, out_channels: as in ``nn.Conv2d``.
        patch_size: kernel size and stride k.
        bias, device: as in ``nn.Conv2d``.
    """

    def __init__(self, in_channels: int, out_channels: int, patch_size: int, bias: bool = True,
                 device: torch.device | str | None = None) -> None:
        super().__init__(in_channels, out_channels, patch_size, stride=patch_size, bias=bias, device=device)

    def forward(self, images: Tensor) -> Tensor:
        """Convolve images (N, C, H, W) to (N, out_channels, H // k, W // k)."""
        if images.device.type != 'cpu' or not (is_grad_enabled() and self.weight.requires_grad):
            return super().forward(images)
        k = self.stride[0]
        height, width = (size // k for size in images.shape[-2:])
        patches = images[..., :height * k, :width * k].permute(0, 2, 3, 1).unflatten(2, (width, k))
        patches = patches.unflatten(1, (height, k)).transpose(2, 3).flatten(3)  # (N, height, width, k * k * C)
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        return F.linear(patches, weight, self.bias).permute(0, 3, 1, 2)
