"""The attention against its definition, written out with loops."""
import math

import pytest
import torch
import torch.nn.functional as F

from emonext_mm.models.layers.channel_attention import LocalChannelAttention
from tests.helpers.models import count_parameters


@pytest.mark.parametrize(('options', 'parameters'), [
    ((64, 56, 8, 196), 657_312), ((128, 28, 7, 56), 208_392), ((256, 14, 7, 14), 658_714),
    ((512, 7, 1, 25), 2_623_714)])
def test_parameters(options, parameters):
    with torch.device('meta'):
        assert count_parameters(LocalChannelAttention(*options)) == parameters


def pooled(image, pick):
    """Each pixel becomes ``pick`` of those of its 3x3 neighbourhood that are inside."""
    height, width = image.shape
    return torch.stack([torch.stack([pick(image[max(0, y - 1):y + 2, max(0, x - 1):x + 2]) for x in range(width)])
                        for y in range(height)])


def by_definition(layer, x):
    heads, length = layer.heads, layer.head_dims
    result = torch.zeros_like(x)
    values = F.conv2d(x, layer.value.weight, layer.value.bias, padding=1)
    for n, image in enumerate(x):
        channels, part = len(image), image[0].numel() // heads
        queries = [pooled(each, torch.mean).flatten() for each in image]
        keys = [pooled(each, torch.max).flatten() for each in image]
        shown = [pooled(each, torch.mean).flatten() for each in values[n]]
        for head in range(heads):
            piece = slice(head * part, (head + 1) * part)
            rows = slice(head * length, (head + 1) * length)
            weight, bias = layer.project.weight[rows, :, 0], layer.project.bias[rows]
            q = [weight @ each[piece] + bias for each in queries]
            k = [weight @ each[piece] + bias for each in keys]
            scores = torch.stack([torch.stack([a @ b for b in k]) for a in q])
            exponent = torch.sigmoid(layer.exponent.weight @ scores.mean(1) + layer.exponent.bias)
            for i in range(channels):
                weights = torch.softmax(scores[i] / length ** (layer.scale + exponent[i]), 0)
                result[n, i].view(-1)[piece] = sum(w * each[piece] for w, each in zip(weights, shown))
    return result


@pytest.mark.parametrize(('size', 'heads', 'scale'), [(4, 1, 1.0), (4, 8, 1.0), (6, 4, 0.5)])
def test_definition(size, heads, scale):
    torch.manual_seed(0)
    layer = LocalChannelAttention(3, size, heads, 5, scale).double()
    x = torch.randn(2, 3, size, size, dtype=torch.float64)
    torch.testing.assert_close(layer(x), by_definition(layer, x))


def test_gradients():
    torch.manual_seed(0)
    layer = LocalChannelAttention(2, 4, 2, 3).double()
    x = torch.randn(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, x)
    assert torch.isfinite(layer(1e3 * x)).all()


def test_equal_channels_get_their_mean():
    """Where all keys are equal, each channel is the mean of the values of all channels."""
    layer = LocalChannelAttention(3, 4, 2, 5).double()
    x = torch.randn(1, 1, 4, 4, dtype=torch.float64).expand(1, 3, 4, 4)
    values = F.avg_pool2d(layer.value(x), 3, 1, 1, count_include_pad=False)
    torch.testing.assert_close(layer(x), values.mean(1, keepdim=True).expand(1, 3, 4, 4))
    assert math.isfinite(layer(x).sum().item())


def test_wrong_sizes():
    with pytest.raises(ValueError, match=r'16 .*3'):
        LocalChannelAttention(2, 4, 3, 5)
    with pytest.raises(ValueError, match=r'8 x 4.*4 x 4'):
        LocalChannelAttention(2, 4, 2, 5)(torch.zeros(1, 2, 8, 4))
