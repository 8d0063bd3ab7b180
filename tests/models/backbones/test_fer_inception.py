import pytest
import torch
from torch import nn
from torchvision.models import googlenet
from torchvision.models.googlenet import Inception

from emonext_mm.models import FERInception
from tests.helpers.models import count_parameters


@pytest.fixture(scope='module')
def model():
    return FERInception()


def test_parameters(model):
    assert count_parameters(model) + 832 * 7 + 7 == 3_129_095


def test_maps(model):
    x = model.stem(torch.rand(2, 1, 48, 48))
    shapes = [tuple(x.shape[1:])]
    for stage in model.stages:
        x = stage(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(64, 48, 48), (256, 24, 24), (512, 12, 12), (512, 6, 6), (832, 3, 3)]
    assert model(torch.rand(2, 1, 48, 48))[0].shape == (2, 832, 3, 3)


def test_published_depth(model):
    """One convolution, two layers in each module, one linear layer."""
    modules = sum(isinstance(each, Inception) for each in model.modules())
    assert 1 + 2 * modules + 1 == 16
    assert [len(stage) - 1 for stage in model.stages] == [1, 2, 2, 2]
    assert all(isinstance(stage[-1], nn.MaxPool2d) for stage in model.stages)


def test_modules_are_googlenets(model):
    """All but the first, which has another number of input channels there."""
    other = [each for each in googlenet(init_weights=False, aux_logits=False).modules() if isinstance(each, Inception)]
    own = [each for each in model.modules() if isinstance(each, Inception)]
    for mine, its in zip(own[1:], other[1:7], strict=True):
        assert {k: v.shape for k, v in mine.state_dict().items()} == {k: v.shape for k, v in its.state_dict().items()}


def test_gradients():
    torch.manual_seed(0)
    model = FERInception(widths=[[[1] * 6]], stem_channels=2).double()
    model.eval()
    images = torch.rand(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: model(x)[0], images)
