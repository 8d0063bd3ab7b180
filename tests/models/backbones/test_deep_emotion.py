import pytest
import torch
import torch.nn.functional as F

from emonext_mm.models import DeepEmotion
from tests.helpers.models import count_parameters

HEAD = 810 * 50 + 50 + 50 * 7 + 7


def make(**options):
    torch.manual_seed(0)
    model = DeepEmotion(**options)
    model.eval()
    return model


@pytest.mark.parametrize(('localization', 'parameters', 'values'), [
    (dict(), 47_657, 90), (dict(padding=0, pool=2), 76_777, 1000)])
def test_parameters(localization, parameters, values):
    model = make(localization=localization)
    assert count_parameters(model) + HEAD == parameters
    assert model.localization.features(torch.rand(1, 1, 48, 48)).shape == (1, values)


def test_features_by_hand():
    model = make(localization=None)
    x = images = torch.rand(2, 1, 48, 48)
    convolutions = [each for each in model.features if isinstance(each, torch.nn.Conv2d)]
    for first, second in (convolutions[:2], convolutions[2:]):
        x = F.conv2d(F.relu(F.conv2d(x, first.weight, first.bias)), second.weight, second.bias)
        x = F.relu(F.max_pool2d(x, 2))
    assert x.shape == (2, 10, 9, 9)
    assert torch.equal(model(images)[0], x.flatten(1))


def test_starts_without_a_warp():
    model, images = make(), torch.rand(3, 1, 48, 48)
    model.init_weights()
    assert model.localization(images).tolist() == [[[1, 0, 0], [0, 1, 0]]] * 3
    torch.testing.assert_close(model(images)[0], model.features(images).flatten(1))
    assert model.features[0].weight.detach().std() == pytest.approx(0.05, rel=0.2)


def test_warps_the_map():
    """A map of (x, y) to (-x, y) mirrors the features, not the image."""
    model, images = make(), torch.rand(2, 1, 48, 48)
    with torch.no_grad():
        model.localization.regressor[-1].bias[0] = -1
    torch.testing.assert_close(model(images)[0], model.features(images).flip(3).flatten(1))


def test_weights_keep_their_warp(tmp_path):
    model = make()
    with torch.no_grad():
        model.localization.regressor[-1].bias[2] = 0.5
    torch.save(model.state_dict(), tmp_path / 'it.pth')
    other = DeepEmotion(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'it.pth')))
    other.init_weights()
    assert other.localization.regressor[-1].bias[2] == 0.5


def test_gradients():
    model = make(channels=2).double()
    torch.nn.init.normal_(model.localization.regressor[-1].weight, std=0.1)
    images = torch.rand(1, 1, 48, 48, dtype=torch.float64)
    weight = model.localization.regressor[-1].weight.detach().clone().requires_grad_()

    def run(weight):
        return torch.func.functional_call(model, {'localization.regressor.2.weight': weight}, images)[0]

    assert torch.autograd.gradcheck(run, weight)


def test_too_small():
    with pytest.raises(ValueError, match='12'):
        make(localization=dict(size=12))
