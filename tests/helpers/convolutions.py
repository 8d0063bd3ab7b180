"""Comparison of our convolutions with PyTorch's."""
import torch


def results(conv, images, weights):
    """Output, and all gradients of a weighted sum of it."""
    images = images.clone().requires_grad_()
    out = conv(images)
    return [out, *torch.autograd.grad((out * weights).sum(), [images, *conv.parameters()])]


def check_equal_under_autocast(ours, plain, images, weights):
    """Types are equal, and values within the precision of bfloat16."""
    with torch.autocast('cpu', torch.bfloat16):
        found, expected = results(ours, images, weights), results(plain, images, weights)
    for one, other in zip(found, expected):
        assert one.dtype == other.dtype
        torch.testing.assert_close(one, other, rtol=0.02, atol=0.02 * other.detach().abs().max().item())
