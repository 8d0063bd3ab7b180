"""The masking block against the formulas of its parts, and the parameter counts of the reference code."""
import pytest
import torch
import torch.nn.functional as F

from emonext_mm.models.layers.masking import MaskingBlock, ResidualBlock
from tests.helpers.models import count_parameters


@pytest.mark.parametrize(('channels', 'depth', 'parameters'), [
    (64, 4, 32_366_080), (128, 3, 31_885_312), (256, 2, 29_965_312), (512, 1, 22_291_456), (64, 1, 349_312)])
def test_parameters(channels, depth, parameters):
    with torch.device('meta'):
        assert count_parameters(MaskingBlock(channels, depth)) == parameters


def norm(x, layer):
    return F.batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=1e-5)


def residual(x, block):
    inner = F.relu(norm(F.conv2d(x, block.conv1.weight, padding=1), block.norm1))
    inner = norm(F.conv2d(inner, block.conv2.weight, padding=1), block.norm2)
    return F.relu(inner + norm(F.conv2d(x, block.shortcut[0].weight), block.shortcut[1]))


def randomise(module):
    torch.manual_seed(0)
    for each in module.modules():
        if isinstance(each, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(each.weight, 0.5, 1.5)
            each.running_mean.normal_()
            each.running_var.uniform_(0.5, 2)
    return module.eval().double()


def test_depth_three_by_hand():
    mask = randomise(MaskingBlock(2, 3))
    x = torch.randn(2, 2, 8, 4, dtype=torch.float64)
    first = residual(x, mask.down[0])
    second = residual(F.max_pool2d(first, 2), mask.down[1])
    up = residual(F.max_pool2d(second, 2), mask.down[2])
    for rise, block, beside in zip(mask.rise, mask.up, (second, first)):
        risen = F.relu(norm(F.conv_transpose2d(up, rise[0].weight, rise[0].bias, stride=2), rise[1]))
        up = residual(torch.cat([risen, beside], 1), block)
    torch.testing.assert_close(mask(x), torch.softmax(residual(up, mask.out), 1))
    assert [block.conv1.in_channels for block in mask.down] == [2, 4, 8]
    assert [block.conv1.in_channels for block in mask.up] == [16, 8]


@pytest.mark.parametrize('depth', [1, 2, 4])
def test_weights_of_the_channels_sum_to_one(depth):
    x = torch.randn(3, 6, 16, 8)
    weights = MaskingBlock(6, depth)(x)
    assert weights.shape == x.shape
    assert weights.min() > 0
    torch.testing.assert_close(weights.sum(1), torch.ones(3, 16, 8))


def test_gradients():
    mask = randomise(MaskingBlock(2, 2))
    x = torch.randn(1, 2, 4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(mask, x)


def test_first_values():
    """He's normal draw with fan-out; the last norm of a block is 0, so that it starts as its shortcut."""
    torch.manual_seed(0)
    block = MaskingBlock(64, 1).down[0]
    assert block.conv1.weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)
    assert not block.norm2.weight.any()
    assert block.norm1.weight.eq(1).all()
    x = torch.randn(2, 64, 4, 4)
    torch.testing.assert_close(block.eval()(x), F.relu(block.shortcut(x)))
    assert isinstance(block, ResidualBlock)


def test_wrong_sizes():
    with pytest.raises(ValueError, match=r'12 x 16.* 4 .*8'):
        MaskingBlock(2, 4)(torch.zeros(1, 2, 12, 16))
    with pytest.raises(ValueError, match='0'):
        MaskingBlock(2, 0)
