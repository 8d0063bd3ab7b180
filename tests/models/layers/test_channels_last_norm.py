import pytest
import torch
from mmpretrain.models.utils import LayerNorm2d

from emonext_mm.models.layers.channels_last_norm import ChannelsLastNorm

LAYOUTS = (torch.contiguous_format, torch.channels_last)


@pytest.fixture
def norm():
    norm = ChannelsLastNorm(12, eps=1e-3).double()
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    return norm


def images(layout=torch.channels_last):
    return torch.randn(2, 12, 5, 6, dtype=torch.float64).contiguous(memory_format=layout)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_formula(norm, layout):
    x = images(layout)
    deviation = x - x.mean(1, keepdim=True)
    normed = deviation / (deviation.square().mean(1, keepdim=True) + 1e-3).sqrt()
    expected = normed * norm.weight[:, None, None] + norm.bias[:, None, None]
    torch.testing.assert_close(norm(x), expected)
    torch.testing.assert_close(norm(x.permute(0, 2, 3, 1), data_format='channel_last'), expected.permute(0, 2, 3, 1))


@pytest.mark.parametrize('data_format', ['channel_first', 'channel_last'])
def test_equals_mmpretrain(norm, data_format):
    theirs = LayerNorm2d(12, eps=1e-3).double()
    theirs.load_state_dict(norm.state_dict())
    x = torch.randn(2, 12, 12, 12, dtype=torch.float64)
    assert torch.equal(norm(x, data_format), theirs(x, data_format))


@pytest.mark.parametrize('layout', LAYOUTS)
def test_result_is_channels_last(norm, layout):
    assert norm(images(layout)).is_contiguous(memory_format=torch.channels_last)


def test_makes_no_copy(norm):
    x = images()
    with torch.profiler.profile() as profile:
        norm(x)
    called = {event.key for event in profile.key_averages()}
    assert 'aten::native_layer_norm' in called
    assert called.isdisjoint({'aten::copy_', 'aten::clone', 'aten::contiguous'})


def test_without_parameters():
    x = images()
    expected = (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True, unbiased=False) + 1e-6).sqrt()
    torch.testing.assert_close(ChannelsLastNorm(12, eps=1e-6, elementwise_affine=False)(x), expected)


def test_unknown_format(norm):
    with pytest.raises(ValueError, match=r"data_format.*'channels_last'"):
        norm(images(), data_format='channels_last')
