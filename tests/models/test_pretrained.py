import sys

import pytest
import timm
import torch
from mmpretrain.models import ConvNeXt
from timm.models.convnext import ConvNeXt as TimmConvNeXt

from emonext_mm.models import EmoNeXt
from emonext_mm.models.pretrained import from_timm, load_timm

NAME = 'timm://convnext_tiny.fb_in22k'
CREATE = timm.create_model


def draw(model):
    """Leave the start: layer scales of 1e-6 would hide the blocks."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.randn(p.shape, generator=generator) * (0.3 if name.endswith('gamma') else 0.05))
    return model


@pytest.fixture(scope='module')
def timm_tiny():
    return draw(CREATE('convnext_tiny', num_classes=11).eval())


def test_every_key_of_the_hosts_and_nothing_else(timm_tiny):
    converted, hosts = from_timm(timm_tiny.state_dict()), ConvNeXt('tiny').state_dict()
    assert {key: value.shape for key, value in converted.items()} == {key: value.shape for key, value in hosts.items()}


def assert_same_features(timms, arch):
    hosts = ConvNeXt(arch)
    hosts.eval()  # returns None
    hosts.load_state_dict(from_timm(timms.state_dict()))
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = timms.forward_head(timms.forward_features(images), pre_logits=True)
        torch.testing.assert_close(hosts(images)[0], expected, rtol=0, atol=1e-5)
    assert expected.std() > 0.01


def test_features_of_tiny(timm_tiny):
    assert_same_features(timm_tiny, 'tiny')


def test_features_of_another_size():
    depths, channels = [2, 1, 3, 2], [16, 24, 40, 56]
    timms = draw(TimmConvNeXt(depths=depths, dims=channels).eval())
    assert_same_features(timms, dict(depths=depths, channels=channels))


@pytest.mark.parametrize('key', ['stages.0.blocks.0.grn.weight', 'layer1.0.conv1.weight', 'head.norm_pre.weight'])
def test_key_of_another_model(timm_tiny, key):
    with pytest.raises(ValueError, match=f'{key} is not a key of a timm ConvNeXt'):
        from_timm({**timm_tiny.state_dict(), key: torch.zeros(1)})


@pytest.mark.parametrize('backbone', [ConvNeXt, EmoNeXt])
def test_loads_into(backbone, timm_tiny, monkeypatch):
    asked = []
    monkeypatch.setattr(timm, 'create_model', lambda name, **kwargs: asked.append((name, kwargs)) or timm_tiny)
    model = backbone('tiny', init_cfg=dict(type='Pretrained', checkpoint=NAME))
    model.init_weights()
    assert asked == [('convnext_tiny.fb_in22k', dict(pretrained=True, num_classes=0))]
    loaded, expected = model.state_dict(), from_timm(timm_tiny.state_dict())
    assert {key for key in loaded if not key.startswith('se_')} == expected.keys()
    assert all(torch.equal(loaded[key], value) for key, value in expected.items())


@pytest.mark.parametrize('size', ['tiny', 'small', 'base', 'large', 'xlarge'])
def test_timm_has_the_weights_that_the_configs_name(size):
    assert timm.is_model_pretrained(f'convnext_{size}.fb_in22k')


@pytest.mark.parametrize('name', ['timm://convnext_tinny', 'timm://convnext_tiny.no_such_tag'])
def test_unknown_name(name):
    with pytest.raises(ValueError, match=f'{name}.*timm has no pretrained weights of that name'):
        load_timm(name)


def test_model_that_is_no_convnext(monkeypatch):
    monkeypatch.setattr(timm, 'create_model', lambda name, **kwargs: CREATE('resnet18', num_classes=0))
    with pytest.raises(ValueError, match='is not a key of a timm ConvNeXt'):
        load_timm('timm://resnet18.a1_in1k')


def test_offline_names_both_ways_out(monkeypatch, tmp_path):
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', str(tmp_path))
    with pytest.raises(ConnectionError, match=r'cannot be had .*init_cfg\.checkpoint=FILE.*init_cfg=None') as caught:
        load_timm(NAME)
    assert str(caught.value).startswith(NAME)
    assert '\n' not in str(caught.value)


def test_without_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ImportError, match='needs timm: pip install timm'):
        load_timm(NAME)
