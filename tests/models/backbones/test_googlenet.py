"""GoogLeNet against torchvision's own."""
import pytest
import torch
import torchvision

from emonext_mm.models import GoogLeNet
from tests.helpers.models import count_parameters


@pytest.fixture(scope='module')
def reference():
    torch.manual_seed(0)
    return torchvision.models.googlenet(num_classes=7, aux_logits=True, init_weights=False)


@pytest.mark.parametrize(('aux', 'parameters'), [(True, 9_951_413), (False, 5_607_079)])
def test_parameters(aux, parameters):
    with torch.device('meta'):
        assert count_parameters(GoogLeNet(aux=aux)) == parameters


def test_logits_of_torchvision(reference):
    model = GoogLeNet()
    model.load_state_dict(reference.state_dict())
    images = torch.rand(2, 3, 64, 64)
    torch.manual_seed(1)
    expected = reference.train()(images)
    torch.manual_seed(1)
    model.train()  # returns None
    found = model(images)
    for logits, other in zip(found, (expected.aux_logits1, expected.aux_logits2, expected.logits), strict=True):
        assert torch.equal(logits, other)
    model.eval()
    assert torch.equal(model(images)[0], reference.eval()(images))
    assert len(model(images)) == 1


def test_weights_of_1000_classes(tmp_path):
    """As in torchvision's file: everything but the last layer of each classifier is loaded."""
    weights = torchvision.models.GoogLeNet(num_classes=1000, init_weights=False).state_dict()
    torch.save(weights, tmp_path / 'googlenet.pth')
    model = GoogLeNet(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'googlenet.pth')))
    model.init_weights()
    own = model.state_dict()
    assert {key for key in weights if own[key].shape != weights[key].shape or not torch.equal(own[key], weights[key])
            } == {f'{name}.{kind}' for name in ('fc', 'aux1.fc2', 'aux2.fc2') for kind in ('weight', 'bias')}


def test_first_values():
    torch.manual_seed(0)
    model = GoogLeNet(aux=False)
    model.init_weights()
    assert model.inception4c.branch2[1].conv.weight.detach().std() == pytest.approx(0.01, rel=0.02)
