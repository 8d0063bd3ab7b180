import pytest
import torch
import torch.nn.functional as F

from emonext_mm.models import LHCNet
from tests.helpers.models import count_parameters

SMALL = dict(size=64, channels=(4, 8), units=(1, 2))
ATTENTION = ((8, 3), (4, 3), (1, 5))


def build(**options):
    torch.manual_seed(0)
    net = LHCNet(**{**SMALL, 'attention': ATTENTION, **options})
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return net.eval()


def test_parameters():
    """Of the paper's two nets: trunk, head of 512, 4096, 1024 and 7, and modules."""
    head = 512 * 4096 + 4096 + 4096 * 1024 + 1024 + 1024 * 7 + 7
    net = LHCNet()
    assert (count_parameters(net) + head, count_parameters(net.attention)) == (32_396_302, 4_805_444)
    assert count_parameters(LHCNet(gates=(0, 0, 0, -1, -0.5))) + head == 32_396_307


def norm(x, layer):
    return F.batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=2e-5)


def test_by_hand():
    """Stem, a unit with and one without a projection, and the attention after each of them."""
    net = build().double()
    x = 255 * torch.rand(2, 3, 64, 64, dtype=torch.float64)
    y = F.relu(norm(F.conv2d(norm(x, net.norm0), net.conv0.weight, stride=2, padding=3), net.norm1))
    y = F.max_pool2d(y, 3, 2, 1)
    y = y + net.attention['0'](y)
    for place, (stage, stride) in enumerate(zip(net.stages, (1, 2)), 1):
        for i, unit in enumerate(stage):
            active = F.relu(norm(y, unit.norm1))
            inner = F.relu(norm(F.conv2d(active, unit.conv1.weight, stride=1 if i else stride, padding=1), unit.norm2))
            y = F.conv2d(inner, unit.conv2.weight, padding=1) + (
                y if i else F.conv2d(active, unit.shortcut.weight, stride=stride))
        y = y + net.attention[str(place)](y)
    found, = net(x)
    torch.testing.assert_close(found, F.relu(norm(y, net.norm2)))
    assert found.shape == (2, 8, 8, 8)


def test_gates():
    """Gates of 0 change nothing; a large negative one switches an attention off."""
    images = 255 * torch.rand(1, 3, 64, 64)
    plain, gated = build(), build(gates=(0, 0, 0))
    assert torch.equal(plain(images)[0], gated(images)[0])
    gated.gates.data[:] = torch.tensor([-30.0, 0, -30])
    without = build(attention=(None, ATTENTION[1], None))
    without.load_state_dict(plain.state_dict(), strict=False)
    torch.testing.assert_close(gated(images)[0], without(images)[0])
    gated(images)[0].sum().backward()
    assert torch.isfinite(gated.gates.grad).all()


def test_norm_eval():
    net = build(norm_eval=True).train()
    before = net.norm1.running_mean.clone()
    net(255 * torch.rand(2, 3, 64, 64))
    assert torch.equal(net.norm1.running_mean, before)
    assert net.stages.training


def test_first_norm_has_no_scale():
    net = LHCNet(**SMALL, attention=[None] * 3)
    assert (net.norm0.weight.requires_grad, net.norm0.bias.requires_grad) == (False, True)


@pytest.mark.parametrize(('options', 'value'), [
    (dict(attention=ATTENTION[:2]), '2 attentions'), (dict(gates=(0, 0)), '2 gates'), (dict(units=(1, )), '1 units')])
def test_wrong_numbers(options, value):
    with pytest.raises(ValueError, match=value):
        LHCNet(**{**SMALL, 'attention': ATTENTION, **options})


def test_images_of_another_size():
    with pytest.raises(ValueError, match=r'24 x 24.*16 x 16'):
        build()(torch.zeros(1, 3, 96, 96))
