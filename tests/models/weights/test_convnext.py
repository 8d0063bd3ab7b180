import sys

import pytest
import timm
import torch
from mmpretrain.models import ConvNeXt
from safetensors.torch import save_file
from timm.models.convnext import ConvNeXt as TimmConvNeXt
from torch import nn

from emonext_mm.models import EmoNeXt
from emonext_mm.models.weights.convnext import load_timm, to_backbone
from emonext_mm.utils.checkpoints import read_checkpoint
from emonext_mm.utils.errors import CheckpointError
from tests.helpers.weight_files import facebooks_keys, files_of

NAME = 'timm://convnext_tiny.fb_in22k'
CREATE = timm.create_model
# name at timm, arguments of the host's
SIZES = dict(
    tiny=('convnext_tiny', dict(arch='tiny')),
    small=('convnext_small', dict(arch='small')),
    atto=('convnext_atto', dict(arch='atto')),  # pointwise convolutions in place of linear maps
    v2=('convnextv2_atto', dict(arch='atto', use_grn=True, layer_scale_init_value=0)),
)


def draw(model):
    """Leave the start: layer scales of 1e-6 would hide the blocks."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.randn(p.shape, generator=generator) * (0.3 if name.endswith('gamma') else 0.05))
    return model


@pytest.fixture(scope='module')
def timms():
    """timm's models, each made once."""
    made = {}

    def get(size):
        if size not in made:
            made[size] = draw(CREATE(SIZES[size][0], num_classes=11).eval())
        return made[size]

    return get


SOURCES = ('timm', 'facebook', 'mmpretrain')


def test_facebooks_keys():
    """One of each kind, as their convnext_tiny has them."""
    assert {'downsample_layers.0.0.weight', 'downsample_layers.3.1.bias', 'stages.2.8.dwconv.weight',
            'stages.0.1.norm.bias', 'stages.1.0.pwconv1.weight', 'stages.3.2.pwconv2.bias', 'stages.3.0.gamma',
            'norm.weight', 'head.weight'} <= facebooks_keys(CREATE('convnext_tiny').state_dict()).keys()


@pytest.mark.parametrize('source', SOURCES)
def test_every_key_of_the_hosts_and_nothing_else(timms, source):
    converted, hosts = to_backbone(files_of(source, timms('tiny').state_dict()), source), ConvNeXt('tiny').state_dict()
    assert {key: value.shape for key, value in converted.items()} == {key: value.shape for key, value in hosts.items()}


def assert_same_features(timms, weights, **arch):
    hosts = ConvNeXt(**arch)
    hosts.eval()  # returns None
    hosts.load_state_dict(weights)
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = timms.forward_head(timms.forward_features(images), pre_logits=True)
        torch.testing.assert_close(hosts(images)[0], expected, rtol=0, atol=1e-5)
    assert expected.std() > 0.01


@pytest.mark.parametrize('source', SOURCES)
@pytest.mark.parametrize('size', ['tiny', 'small'])
def test_features(timms, size, source):
    weights = to_backbone(files_of(source, timms(size).state_dict()), source)
    assert_same_features(timms(size), weights, **SIZES[size][1])


@pytest.mark.parametrize('size', ['atto', 'v2'])
def test_features_of_what_only_timm_has(timms, size):
    assert_same_features(timms(size), to_backbone(timms(size).state_dict(), 'timm'), **SIZES[size][1])


def test_features_of_another_size():
    depths, channels = [2, 1, 3, 2], [16, 24, 40, 56]
    timms = draw(TimmConvNeXt(depths=depths, dims=channels).eval())
    assert_same_features(timms, to_backbone(timms.state_dict(), 'timm'), arch=dict(depths=depths, channels=channels))


@pytest.mark.parametrize('key', ['stages.0.blocks.0.grn.weight', 'layer1.0.conv1.weight', 'head.norm_pre.weight'])
@pytest.mark.parametrize('source', SOURCES)
def test_key_of_another_model(timms, source, key):
    checkpoint = files_of(source, timms('tiny').state_dict())
    weights = checkpoint.get('model') or checkpoint.get('state_dict') or checkpoint
    key = key.replace('head', 'neck') if source != 'timm' else key
    with pytest.raises(ValueError, match=rf"not the weights of {source}'s ConvNeXt: 1 unexpected \({key}\)"):
        to_backbone({**weights, key: torch.zeros(1)}, source)


@pytest.mark.parametrize(('source', 'given'), [(a, b) for a in SOURCES for b in SOURCES if a != b])
def test_file_of_another_source(timms, source, given):
    with pytest.raises(ValueError, match=f"not the weights of {source}'s ConvNeXt: [0-9]+ unexpected"):
        to_backbone(files_of(given, timms('tiny').state_dict()), source)


@pytest.mark.parametrize('checkpoint', [{}, {'head.fc.weight': torch.ones(1)}])
def test_nothing_to_load(checkpoint):
    with pytest.raises(ValueError, match="not the weights of timm's ConvNeXt: there are none"):
        to_backbone(checkpoint, 'timm')


# ------------------------------------------------------------------------------------------- as init_cfg has it


def initialized(backbone, checkpoint, **kwargs):
    model = backbone(init_cfg=dict(type='Pretrained', checkpoint=str(checkpoint)), **kwargs)
    model.init_weights()
    return model.state_dict()


def assert_loaded(loaded, expected):
    assert {key for key in loaded if not key.startswith('se_')} == expected.keys()
    assert all(torch.equal(loaded[key], value) for key, value in expected.items())


@pytest.mark.parametrize('backbone', [ConvNeXt, EmoNeXt])
def test_timm_by_name(backbone, timms, monkeypatch):
    asked = []
    monkeypatch.setattr(timm, 'create_model', lambda name, **kwargs: asked.append((name, kwargs)) or timms('tiny'))
    loaded = initialized(backbone, NAME, arch='tiny')
    assert asked == [('convnext_tiny.fb_in22k', dict(pretrained=True, num_classes=0))]
    assert_loaded(loaded, to_backbone(timms('tiny').state_dict(), 'timm'))


@pytest.mark.parametrize('backbone', [ConvNeXt, EmoNeXt])
@pytest.mark.parametrize('source', SOURCES)
def test_from_a_file(source, backbone, timms, tmp_path):
    torch.save(files_of(source, timms('atto').state_dict()), tmp_path / 'weights.pth')
    loaded = initialized(backbone, f'{source}://{tmp_path}/weights.pth', arch='atto')
    assert_loaded(loaded, to_backbone(timms('atto').state_dict(), 'timm'))


def test_from_safetensors(timms, tmp_path):
    save_file(timms('atto').state_dict(), tmp_path / 'model.safetensors')
    loaded = initialized(ConvNeXt, f'timm://{tmp_path}/model.safetensors', arch='atto')
    assert_loaded(loaded, to_backbone(timms('atto').state_dict(), 'timm'))


@pytest.mark.parametrize('backbone', [ConvNeXt, EmoNeXt])
@pytest.mark.parametrize(('change', 'message'), [
    (lambda w: w.pop('head.norm.bias'), r'1 missing \(norm3.bias\)'),
    (lambda w: [w.pop(key) for key in list(w) if key.startswith('stages.3.blocks.1.')],
     r'9 missing \(stages.3.1.gamma, stages.3.1.depthwise_conv.weight, stages.3.1.depthwise_conv.bias, ...\)'),
    (lambda w: w.update({'stages.3.blocks.2.gamma': torch.ones(1)}), r'1 unexpected \(stages.3.2.gamma\)'),
    (lambda w: w.update({'head.norm.bias': torch.ones(3)}), r'1 of another shape \(norm3.bias\)'),
])
def test_refuses_what_does_not_fit_wholly(backbone, change, message, timms, tmp_path):
    weights = dict(timms('atto').state_dict())
    change(weights)
    torch.save(weights, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match=f'not of this {backbone.__name__}: {message}$'):
        initialized(backbone, f'timm://{tmp_path}/weights.pth', arch='atto')


@pytest.mark.parametrize('size', ['tiny', 'small', 'base', 'large', 'xlarge'])
def test_timm_has_the_weights_that_the_configs_name(size):
    assert timm.is_model_pretrained(f'convnext_{size}.fb_in22k')


@pytest.mark.parametrize('name', ['timm://convnext_tinny', 'timm://convnext_tiny.no_such_tag'])
def test_unknown_name(name):
    with pytest.raises(ValueError, match=f'{name}.*timm has no pretrained weights of that name'):
        load_timm(name)


def test_model_that_is_no_convnext(monkeypatch):
    monkeypatch.setattr(timm, 'create_model', lambda name, **kwargs: CREATE('resnet18', num_classes=0))
    with pytest.raises(ValueError, match=r"timm://resnet18.a1_in1k: .*not the weights of timm's ConvNeXt: \d+ unexp"):
        load_timm('timm://resnet18.a1_in1k')


def test_offline_names_both_ways_out(monkeypatch, tmp_path):
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', str(tmp_path))
    ways_out = r'cannot be had .*init_cfg\.checkpoint=timm://FILE.*init_cfg=None'
    with pytest.raises(ConnectionError, match=ways_out) as caught:
        load_timm(NAME)
    assert str(caught.value).startswith(NAME)
    assert '\n' not in str(caught.value)


def test_without_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ImportError, match='needs timm: pip install timm'):
        load_timm(NAME)


# ---------------------------------------------------------------------------------------------- bad files


class Code:
    def __reduce__(self):
        return print, ('code was run', )


def test_file_that_runs_code(tmp_path, capsys):
    torch.save(dict(model=Code()), tmp_path / 'weights.pth')
    with pytest.raises(CheckpointError, match=r'weights\.pth was not loaded: it asks for .*print'):
        initialized(ConvNeXt, f'facebook://{tmp_path}/weights.pth', arch='atto')
    assert 'code was run' not in capsys.readouterr().out


@pytest.mark.parametrize('name', ['weights.pth', 'weights.safetensors'])
def test_cut_file(name, timms, tmp_path):
    path = tmp_path / name
    weights = timms('atto').state_dict()
    (torch.save if name.endswith('pth') else save_file)(weights, path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(CheckpointError, match=f'{name} was not loaded: it is cut, damaged or no checkpoint'):
        read_checkpoint(path)


def test_file_without_weights(tmp_path):
    torch.save([1, 2], tmp_path / 'weights.pth')
    with pytest.raises(CheckpointError, match=r'weights\.pth was not loaded: it holds no weights but a list'):
        read_checkpoint(tmp_path / 'weights.pth')


def test_no_such_file(tmp_path):
    for name in ('weights.pth', 'weights.safetensors'):
        with pytest.raises(FileNotFoundError, match=name):
            read_checkpoint(tmp_path / name)


def test_other_models_load_as_before(tmp_path):
    """Only weights that bring their check are checked."""
    model = nn.Linear(2, 2)
    torch.save({'weight': torch.ones(2, 2)}, tmp_path / 'weights.pth')
    from mmengine.runner import load_checkpoint
    load_checkpoint(model, str(tmp_path / 'weights.pth'), 'cpu')
    assert torch.equal(model.weight, torch.ones(2, 2))
