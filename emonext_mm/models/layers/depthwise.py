"""Depthwise convolution with a fast weight gradient on the CPU.

The gradient of the loss by a depthwise kernel is itself a depthwise convolution, of the images with the gradient of the
output as a kernel of their own size: ``dw[c, i, j] = sum_nyx image[n, c, y + i, x + j] * grad[n, c, y, x]``. oneDNN has
a fast kernel for this, but computes weight gradients by another one, in which a training step of a ConvNeXt spends half
of its time (bfloat16, torch 2.14). On other devices PyTorch's own is used.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.grad import conv2d_input, conv2d_weight

CHUNK = 2**19  # elements of the images at a time: they, the gradients and their copies stay in the cache


class _DepthwiseConv(Function):
    @staticmethod
    def forward(ctx, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(images, weight)
        return F.conv2d(images, weight, bias, padding=weight.shape[-1] // 2, groups=len(weight))

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        images, weight = ctx.saved_tensors
        of_images, of_weight, of_bias = ctx.needs_input_grad
        k = weight.shape[-1]
        return (
            conv2d_input(images.shape, weight, grad, padding=k // 2, groups=len(weight)) if of_images else None,
            depthwise_weight_grad(images, grad, k) if of_weight else None,
            grad.sum((0, 2, 3)) if of_bias else None,
        )


def depthwise_weight_grad(images: Tensor, grad: Tensor, kernel_size: int) -> Tensor:
    """The gradient by the weight of a depthwise convolution of stride 1 that keeps the size of the images.

    Args:
        images: (N, C, H, W), the input; quickest in channels_last.
        grad: (N, C, H, W), the gradient by the output.
        kernel_size: k, odd.

    Returns:
        (C, 1, k, k), summed over the samples in float32 at least.
    """
    padding, dtype = kernel_size // 2, torch.promote_types(images.dtype, torch.float32)
    if min(images.shape[-2:]) <= padding:  # mostly border: oneDNN's own is as fast, in float32
        size = (images.shape[1], 1, kernel_size, kernel_size)
        return conv2d_weight(images.to(dtype), size, grad.to(dtype), padding=padding, groups=size[0])
    samples = max(1, CHUNK // images[0].numel())
    parts = [_kernels(*pair, kernel_size) for pair in zip(images.split(samples), grad.split(samples))]
    return torch.stack(parts).sum(0)[:, None]


def _kernels(images: Tensor, grad: Tensor, kernel_size: int) -> Tensor:
    """Of some samples; (C, k, k)."""
    samples, channels, height, width = images.shape
    # (N, C, H, W) -> (N * C, H, W), channels_last: all the samples' channels side by side, each with its own kernel
    images, grad = (x.permute(2, 3, 0, 1).reshape(height, width, -1).permute(2, 0, 1) for x in (images, grad))
    found = F.conv2d(images[None], grad[:, None], padding=kernel_size // 2, groups=samples * channels)
    found = found.view(samples, channels, kernel_size, kernel_size)
    return found.sum(0, dtype=torch.promote_types(found.dtype, torch.float32))


class DepthwiseConv2d(nn.Conv2d):
    """A depthwise ``nn.Conv2d`` of stride 1 that keeps the size of the images; keys are those of ``nn.Conv2d``.

    Args:
        channels: C.
        kernel_size: k, odd.

    Raises:
        ValueError: if ``kernel_size`` is even.
    """

    def __init__(self, channels: int, kernel_size: int = 7, **kwargs) -> None:
        if kernel_size % 2 == 0:
            raise ValueError(f'kernel_size must be odd, got {kernel_size}')
        super().__init__(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels, **kwargs)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) to the same shape."""
        if images.device.type != 'cpu' or not (torch.is_grad_enabled() and self.weight.requires_grad):
            return super().forward(images)
        inputs = (images, self.weight, self.bias)
        if torch.is_autocast_enabled('cpu'):  # which does not look into a Function
            dtype = torch.get_autocast_dtype('cpu')
            inputs = tuple(x if x is None else x.to(dtype) for x in inputs)
        return _DepthwiseConv.apply(*inputs)
