"""Depthwise convolution with a fast weight gradient on the CPU.

The gradient with respect to a depthwise kernel is itself a depthwise convolution, of the image with the output gradient
as kernel: ``dw[c, i, j] = sum_nyx image[n, c, y + i, x + j] * grad[n, c, y, x]``. oneDNN computes such a convolution
fast, but uses a slow algorithm for weight gradients, which takes half the time of a ConvNeXt training step (bfloat16,
torch 2.14). Its gradient with respect to the images is slow, too; the convolution of the output gradient with the
mirrored kernel is the same and two to three times as fast. On other devices PyTorch's own gradients are used.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function

CHUNK = 2**19  # image elements processed at a time, so that images, gradients and their copies fit in the cache
SMALL = 36  # pixels of the largest image whose weight gradient is computed from all pairs of pixels


class _DepthwiseConv(Function):
    @staticmethod
    def forward(ctx, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(images, weight)
        return F.conv2d(images, weight, bias, padding=weight.shape[-1] // 2, groups=len(weight))

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        images, weight = ctx.saved_tensors
        for_images, for_weight, for_bias = ctx.needs_input_grad
        k = weight.shape[-1]
        return (
            F.conv2d(grad, weight.flip(2, 3), padding=k // 2, groups=len(weight)) if for_images else None,
            depthwise_weight_grad(images, grad, k) if for_weight else None,
            grad.sum((0, 2, 3)) if for_bias else None,
        )


def depthwise_weight_grad(images: Tensor, grad: Tensor, kernel_size: int) -> Tensor:
    """Weight gradient of a depthwise convolution with stride 1 and "same" padding.

    Args:
        images: input, (N, C, H, W); fastest in channels_last.
        grad: gradient with respect to the output, (N, C, H, W).
        kernel_size: kernel size k, odd.

    Returns:
        (C, 1, k, k), in float32 or float64.
    """
    if images.shape[-2:].numel() <= SMALL:
        return _small_grad(images, grad, kernel_size)
    samples = max(1, CHUNK // images[0].numel())
    parts = [_chunk_grad(*pair, kernel_size) for pair in zip(images.split(samples), grad.split(samples))]
    return torch.stack(parts).sum(0)[:, None]


def _small_grad(images: Tensor, grad: Tensor, kernel_size: int) -> Tensor:
    """Weight gradient (C, 1, k, k) of small images: per tap, the sum over the pairs of pixels at its offset."""
    pairs = images.flatten(2).permute(1, 2, 0) @ grad.flatten(2).transpose(0, 1)  # (C, H W, H W): input, output
    taps = _taps(*images.shape[-2:], kernel_size).to(torch.promote_types(pairs.dtype, torch.float32))
    return (pairs.flatten(1).to(taps.dtype) @ taps).view(-1, 1, kernel_size, kernel_size)


def _taps(height: int, width: int, kernel_size: int) -> Tensor:
    """Whether a tap of the kernel joins an input and an output pixel, (pairs of pixels, taps), float32."""
    offsets = torch.arange(kernel_size) - kernel_size // 2
    y, x = (torch.arange(size)[:, None, None] - torch.arange(size)[:, None] == offsets for size in (height, width))
    return torch.einsum('abi,cdj->acbdij', y.float(), x.float()).reshape((height * width)**2, -1)


def _chunk_grad(images: Tensor, grad: Tensor, kernel_size: int) -> Tensor:
    """Weight gradient (C, k, k) of a few samples."""
    samples, channels, height, width = images.shape
    # (N, C, H, W) -> (N * C, H, W) in channels_last: one group per sample and channel
    images, grad = (x.permute(2, 3, 0, 1).reshape(height, width, -1).permute(2, 0, 1) for x in (images, grad))
    result = F.conv2d(images[None], grad[:, None], padding=kernel_size // 2, groups=samples * channels)
    result = result.view(samples, channels, kernel_size, kernel_size)
    return result.sum(0, dtype=torch.promote_types(result.dtype, torch.float32))


class DepthwiseConv2d(nn.Conv2d):
    """Depthwise ``nn.Conv2d`` with stride 1 and "same" padding, with the keys of ``nn.Conv2d``.

    Args:
        channels: number of channels C.
        kernel_size: kernel size k, odd.
        **kwargs: as in ``nn.Conv2d``.

    Raises:
        ValueError: ``kernel_size`` is even.
    """

    def __init__(self, channels: int, kernel_size: int = 7, **kwargs) -> None:
        if kernel_size % 2 == 0:
            raise ValueError(f'kernel_size must be odd, got {kernel_size}')
        super().__init__(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels, **kwargs)

    def forward(self, images: Tensor) -> Tensor:
        """Convolve images (N, C, H, W); the shape is kept."""
        if images.device.type != 'cpu' or not (torch.is_grad_enabled() and self.weight.requires_grad):
            return super().forward(images)
        inputs = (images, self.weight, self.bias)
        if torch.is_autocast_enabled('cpu'):  # autocast does not act inside a Function
            dtype = torch.get_autocast_dtype('cpu')
            inputs = tuple(x if x is None else x.to(dtype) for x in inputs)
        return _DepthwiseConv.apply(*inputs)
