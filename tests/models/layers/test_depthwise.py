import pytest
import torch
from torch import nn

from emonext_mm.models.layers import depthwise
from emonext_mm.models.layers.depthwise import DepthwiseConv2d, depthwise_weight_grad
from tests.helpers.convolutions import check_equal_under_autocast, results


def pair(channels=6, kernel_size=7, dtype=torch.float64, bias=True):
    """Our convolution and PyTorch's, with the same parameters."""
    plain = nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels, bias=bias)
    ours = DepthwiseConv2d(channels, kernel_size, bias=bias)
    ours.load_state_dict(plain.state_dict())
    return ours.to(dtype), plain.to(dtype)


def test_even_kernel_size():
    with pytest.raises(ValueError, match=r'kernel_size.*4'):
        DepthwiseConv2d(8, 4)


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(('size', 'kernel_size'), [((9, 9), 7), ((5, 12), 7), ((8, 6), 3), ((3, 3), 7), ((2, 9), 7),
                                                   ((1, 1), 5), ((6, 6), 7), ((2, 3), 3), ((1, 7), 3)])
def test_output_and_gradients_equal_conv2d(size, kernel_size, layout):
    ours, plain = pair(kernel_size=kernel_size)
    images = torch.randn(4, 6, *size, dtype=torch.float64).contiguous(memory_format=layout)
    weights = torch.randn_like(images)
    for found, expected in zip(results(ours, images, weights), results(plain, images, weights)):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('chunk', [1, 300, 10**6])
def test_chunk_size_has_no_influence(chunk, monkeypatch):
    monkeypatch.setattr(depthwise, 'CHUNK', chunk)
    ours, plain = pair()
    images, weights = torch.randn(2, 5, 6, 5, 5, dtype=torch.float64)
    for found, expected in zip(results(ours, images, weights), results(plain, images, weights)):
        torch.testing.assert_close(found, expected)


def test_gradcheck():
    conv = DepthwiseConv2d(2, 3).double()
    images = torch.randn(2, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(conv, images)
    assert torch.autograd.gradcheck(lambda weight: depthwise._DepthwiseConv.apply(images, weight, None),
                                    conv.weight.detach().requires_grad_())


def test_without_bias():
    ours, plain = pair(bias=False)
    images, weights = torch.randn(2, 4, 6, 8, 8, dtype=torch.float64)
    for found, expected in zip(results(ours, images, weights), results(plain, images, weights)):
        torch.testing.assert_close(found, expected)


def test_images_without_gradient():
    ours, plain = pair()
    images = torch.randn(4, 6, 8, 8, dtype=torch.float64)
    for conv in (ours, plain):
        conv(images).square().sum().backward()
    torch.testing.assert_close(ours.weight.grad, plain.weight.grad)


def test_autocast_equals_conv2d():
    ours, plain = pair(dtype=torch.float32)
    images, weights = torch.randn(2, 4, 6, 8, 8)
    check_equal_under_autocast(ours, plain, images, weights)


def test_bfloat16_weight_gradient_is_summed_in_float32():
    torch.manual_seed(0)
    images, grad = torch.randn(2, 64, 8, 12, 12).bfloat16()
    exact = depthwise_weight_grad(images.double(), grad.double(), 7)
    found = depthwise_weight_grad(images, grad, 7)
    assert found.dtype == torch.float32
    assert found.shape == (8, 1, 7, 7)
    # The gradient of each sample is rounded to 8 bits; a sum in bfloat16 would add further errors.
    assert (found - exact).norm() / exact.norm() < 2**-8


def test_frozen_weight():
    ours, _ = pair()
    ours.requires_grad_(False)
    images = torch.randn(4, 6, 8, 8, dtype=torch.float64, requires_grad=True)
    out = ours(images)
    assert 'DepthwiseConv' not in type(out.grad_fn).__name__
    out.sum().backward()
    assert ours.weight.grad is None
