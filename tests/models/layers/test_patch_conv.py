import pytest
import torch
from torch import nn

from emonext_mm.models.layers.patch_conv import PatchConv2d
from tests.helpers.convolutions import check_equal_under_autocast, results

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def pair(patch_size, dtype=torch.float64, **kwargs):
    """Our convolution and PyTorch's, with the same parameters."""
    plain = nn.Conv2d(3, 5, patch_size, patch_size, **kwargs)
    ours = PatchConv2d(3, 5, patch_size, **kwargs)
    ours.load_state_dict(plain.state_dict())
    return ours.to(dtype), plain.to(dtype)


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize(('patch_size', 'size'), [(2, (8, 6)), (4, (8, 12)), (2, (7, 9)), (3, (3, 5)), (1, (2, 3))])
def test_output_and_gradients_equal_conv2d(patch_size, size, bias, layout):
    """Also where rows and columns are left over."""
    ours, plain = pair(patch_size, bias=bias)
    images = torch.randn(4, 3, *size, dtype=torch.float64).contiguous(memory_format=layout)
    weights = torch.randn(4, 5, *(side // patch_size for side in size), dtype=torch.float64)
    for found, expected in zip(results(ours, images, weights), results(plain, images, weights)):
        torch.testing.assert_close(found, expected)


def test_result_is_channels_last():
    ours, _ = pair(2)
    images = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    assert ours(images).is_contiguous(memory_format=torch.channels_last)


def test_autocast_equals_conv2d():
    ours, plain = pair(2, torch.float32)
    images, weights = torch.randn(4, 3, 8, 8), torch.randn(4, 5, 4, 4)
    check_equal_under_autocast(ours, plain, images, weights)


def test_inference_uses_the_convolution():
    """So that an exported graph has it."""
    ours, _ = pair(2)
    with torch.no_grad(), torch.profiler.profile() as profile:
        ours(torch.randn(1, 3, 8, 8, dtype=torch.float64))
    assert 'aten::conv2d' in {event.key for event in profile.key_averages()}
