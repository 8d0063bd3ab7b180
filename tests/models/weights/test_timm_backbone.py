import pytest
import timm
import torch
from mmpretrain.registry import MODELS

from emonext_mm import compat
from emonext_mm.models.weights.timm_backbone import load_timm_backbone


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    """Weights with the keys of timm's Xception, classifier included."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp('timm') / 'xception.pth'
    torch.save(timm.create_model('legacy_xception').state_dict(), path)
    return path


def build(checkpoint):
    return MODELS.build(dict(type='TIMMBackbone', model_name='legacy_xception',
                             init_cfg=dict(type='Pretrained', checkpoint=checkpoint)))


def test_loads_all_but_the_classifier(file):
    model = build(f'timm_backbone://{file}')
    model.init_weights()
    weights = torch.load(file, weights_only=True)
    own = model.state_dict()
    assert {f'timm_model.{key}' for key in weights} - own.keys() == {'timm_model.fc.weight', 'timm_model.fc.bias'}
    assert all(torch.equal(value, weights[key.removeprefix('timm_model.')]) for key, value in own.items())


def test_incomplete_weights_are_refused(file, tmp_path):
    compat.setup()
    weights = torch.load(file, weights_only=True)
    del weights['bn4.weight']
    torch.save(weights, tmp_path / 'cut.pth')
    with pytest.raises(ValueError, match=r'bn4\.weight'):
        build(f'timm_backbone://{tmp_path / "cut.pth"}').init_weights()


def test_unknown_name():
    with pytest.raises(ValueError, match='no_such_net'):
        load_timm_backbone('timm_backbone://no_such_net')


def test_no_network(monkeypatch):
    def refuse(*_, **__):
        raise OSError('no route')

    monkeypatch.setattr(timm, 'create_model', refuse)
    with pytest.raises(ConnectionError, match=r'legacy_xception\.tf_in1k'):
        load_timm_backbone('timm_backbone://legacy_xception.tf_in1k')
