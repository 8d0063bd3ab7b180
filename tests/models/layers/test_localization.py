import pytest
import torch

from emonext_mm.models.layers.localization import LocalizationNet

IDENTITY = torch.tensor([[1.0, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize(('size', 'features'), [(224, 10 * 52 * 52), (48, 10 * 8 * 8), (18, 10)])
def test_width_of_the_regressor(size, features):
    """For 224 px, 10 x 52 x 52 features as in the authors' code."""
    assert LocalizationNet(size).regressor[0].in_features == features


def test_size_too_small():
    with pytest.raises(ValueError, match=r'18.*17'):
        LocalizationNet(17)


@pytest.mark.parametrize('image_size', [(48, 48), (224, 224), (20, 31)])
def test_initial_output_is_the_identity(image_size):
    net = LocalizationNet(48)
    theta = net(torch.randn(3, 3, *image_size))
    assert torch.equal(theta, IDENTITY.expand(3, 2, 3))


def test_one_channel_stands_for_equal_channels():
    net, images = LocalizationNet(32).double(), torch.randn(4, 1, 32, 32, dtype=torch.float64)
    torch.nn.init.normal_(net.regressor[-1].weight)
    results = []
    for inputs in (images, images.expand(4, 3, 32, 32)):
        net.zero_grad()
        theta = net(inputs)
        theta.square().sum().backward()
        results.append([theta, *(p.grad.clone() for p in net.parameters())])
    for found, expected in zip(*results):
        torch.testing.assert_close(found, expected)


def test_reset_identity():
    net = LocalizationNet(32)
    torch.nn.init.normal_(net.regressor[-1].weight)
    assert not torch.equal(net(torch.randn(2, 3, 32, 32)), IDENTITY.expand(2, 2, 3))
    net.reset_identity()
    assert torch.equal(net(torch.randn(2, 3, 32, 32)), IDENTITY.expand(2, 2, 3))


def test_gradients_reach_all_layers_off_the_identity():
    net = LocalizationNet(32)
    torch.nn.init.normal_(net.regressor[-1].weight)
    net(torch.randn(4, 3, 32, 32)).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for name, p in net.named_parameters() if not name.endswith(
        ('features.0.bias', 'features.4.bias')))  # a bias before BatchNorm has no effect


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_autocast_has_no_influence(dtype):
    """On theta and its gradient; in bfloat16 both would be wrong by 1 % and more."""
    net, images = LocalizationNet(32), torch.randn(4, 3, 32, 32).to(dtype)
    torch.nn.init.normal_(net.regressor[-1].weight)
    results = []
    for enabled in (False, True):
        net.zero_grad()
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            theta = net(images)
        theta.square().sum().backward()
        results.append([theta, *(p.grad.clone() for p in net.parameters())])
    assert results[1][0].dtype == torch.float32
    for plain, cast in zip(*results):
        torch.testing.assert_close(cast, plain, rtol=1e-5, atol=1e-5)


def test_memory_format_has_no_influence():
    net, images = LocalizationNet(32).double(), torch.randn(4, 3, 32, 32, dtype=torch.float64)
    torch.nn.init.normal_(net.regressor[-1].weight)
    torch.testing.assert_close(net(images.contiguous(memory_format=torch.channels_last)), net(images))
