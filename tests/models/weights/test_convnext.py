import sys

import pytest
import timm
import torch
from mmengine.runner import load_checkpoint
from mmpretrain.models import ConvNeXt
from safetensors.torch import save_file
from timm.models.convnext import ConvNeXt as TimmConvNeXt
from torch import nn

from emonext_mm.models import EmoNeXt
from emonext_mm.models.weights.convnext import load_timm, to_backbone
from emonext_mm.utils.checkpoints import read_checkpoint
from emonext_mm.utils.errors import CheckpointError
from tests.helpers.weight_files import facebook_keys, make_checkpoint

NAME = 'timm://convnext_tiny.fb_in22k'
CREATE = timm.create_model
# size -> name in timm, arguments of MMPretrain's ConvNeXt
SIZES = dict(
    tiny=('convnext_tiny', dict(arch='tiny')),
    atto=('convnext_atto', dict(arch='atto')),  # with pointwise convolutions in place of linear layers
    v2=('convnextv2_atto', dict(arch='atto', use_grn=True, layer_scale_init_value=0)),
)


def randomise(model):
    """Draw all parameters; with initial layer scales of 1e-6, the blocks would have no influence."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.randn(p.shape, generator=generator) * (0.3 if name.endswith('gamma') else 0.05))
    return model


@pytest.fixture(scope='module')
def timm_model():
    """Models of timm by size, each built once."""
    models = {}

    def get(size):
        if size not in models:
            models[size] = randomise(CREATE(SIZES[size][0], num_classes=11).eval())
        return models[size]

    return get


SOURCES = ('timm', 'facebook', 'mmpretrain')


def test_facebook_keys(timm_model):
    """One key of each kind, as in their convnext_tiny."""
    assert {'downsample_layers.0.0.weight', 'downsample_layers.3.1.bias', 'stages.2.8.dwconv.weight',
            'stages.0.1.norm.bias', 'stages.1.0.pwconv1.weight', 'stages.3.2.pwconv2.bias', 'stages.3.0.gamma',
            'norm.weight', 'head.weight'} <= facebook_keys(timm_model('tiny').state_dict()).keys()


@pytest.mark.parametrize('source', SOURCES)
def test_keys_and_shapes_equal_those_of_mmpretrain(timm_model, source, undrawn):
    converted = to_backbone(make_checkpoint(source, timm_model('tiny').state_dict()), source)
    expected = ConvNeXt('tiny').state_dict()
    assert {key: x.shape for key, x in converted.items()} == {key: x.shape for key, x in expected.items()}


def assert_same_features(reference, weights, **arch):
    model = ConvNeXt(**arch)
    model.eval()  # returns None
    model.load_state_dict(weights)
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = reference.forward_head(reference.forward_features(images), pre_logits=True)
        torch.testing.assert_close(model(images)[0], expected, rtol=0, atol=1e-5)
    assert expected.std() > 0.01


@pytest.mark.parametrize('source', SOURCES)
def test_features_of_tiny(timm_model, source, undrawn):
    reference = timm_model('tiny')
    assert_same_features(reference, to_backbone(make_checkpoint(source, reference.state_dict()), source), arch='tiny')


@pytest.mark.parametrize('size', ['atto', 'v2'])
def test_features_of_sizes_that_timm_alone_has(timm_model, size, undrawn):
    reference = timm_model(size)
    assert_same_features(reference, to_backbone(reference.state_dict(), 'timm'), **SIZES[size][1])


@pytest.mark.parametrize('source', SOURCES)
def test_features_of_another_size(source):
    """More than ten blocks in a stage, as in small to xlarge."""
    depths, channels = [2, 1, 12, 2], [16, 24, 40, 56]
    reference = randomise(TimmConvNeXt(depths=depths, dims=channels).eval())
    weights = to_backbone(make_checkpoint(source, reference.state_dict()), source)
    assert_same_features(reference, weights, arch=dict(depths=depths, channels=channels))


@pytest.mark.parametrize('key', ['stages.0.blocks.0.grn.weight', 'layer1.0.conv1.weight', 'head.norm_pre.weight'])
@pytest.mark.parametrize('source', SOURCES)
def test_key_of_another_model(timm_model, source, key):
    checkpoint = make_checkpoint(source, timm_model('tiny').state_dict())
    weights = checkpoint.get('model') or checkpoint.get('state_dict') or checkpoint
    key = key.replace('head', 'neck') if source != 'timm' else key
    with pytest.raises(ValueError, match=rf"not the weights of {source}'s ConvNeXt: 1 unexpected \({key}\)"):
        to_backbone({**weights, key: torch.zeros(1)}, source)


@pytest.mark.parametrize(('source', 'given'), [(a, b) for a in SOURCES for b in SOURCES if a != b])
def test_file_of_another_source(timm_model, source, given):
    with pytest.raises(ValueError, match=f"not the weights of {source}'s ConvNeXt: [0-9]+ unexpected"):
        to_backbone(make_checkpoint(given, timm_model('tiny').state_dict()), source)


@pytest.mark.parametrize('checkpoint', [{}, {'head.fc.weight': torch.ones(1)}])
def test_nothing_to_load(checkpoint):
    with pytest.raises(ValueError, match="not the weights of timm's ConvNeXt: no weights found"):
        to_backbone(checkpoint, 'timm')


# ---------------------------------------------------------------------------------------------- through init_cfg


def initialise(backbone, checkpoint, **kwargs):
    model = backbone(init_cfg=dict(type='Pretrained', checkpoint=str(checkpoint)), **kwargs)
    model.init_weights()
    return model.state_dict()


def assert_loaded(loaded, expected):
    assert {key for key in loaded if not key.startswith('se_')} == expected.keys()
    assert all(torch.equal(loaded[key], value) for key, value in expected.items())


@pytest.mark.parametrize('backbone', [ConvNeXt, EmoNeXt])
def test_timm_by_name(backbone, timm_model, monkeypatch):
    calls = []
    model = timm_model('atto')
    monkeypatch.setattr(timm, 'create_model', lambda name, **kwargs: calls.append((name, kwargs)) or model)
    loaded = initialise(backbone, NAME, arch='atto')
    assert calls == [('convnext_tiny.fb_in22k', dict(pretrained=True, num_classes=0))]
    assert_loaded(loaded, to_backbone(model.state_dict(), 'timm'))


@pytest.mark.parametrize('backbone', [ConvNeXt, EmoNeXt])
@pytest.mark.parametrize('source', SOURCES)
def test_from_a_file(source, backbone, timm_model, tmp_path):
    torch.save(make_checkpoint(source, timm_model('atto').state_dict()), tmp_path / 'weights.pth')
    loaded = initialise(backbone, f'{source}://{tmp_path}/weights.pth', arch='atto')
    assert_loaded(loaded, to_backbone(timm_model('atto').state_dict(), 'timm'))


def test_from_safetensors(timm_model, tmp_path):
    save_file(timm_model('atto').state_dict(), tmp_path / 'model.safetensors')
    loaded = initialise(ConvNeXt, f'timm://{tmp_path}/model.safetensors', arch='atto')
    assert_loaded(loaded, to_backbone(timm_model('atto').state_dict(), 'timm'))


@pytest.mark.parametrize('backbone', [ConvNeXt, EmoNeXt])
@pytest.mark.parametrize(('change', 'message'), [
    (lambda w: w.pop('head.norm.bias'), r'1 missing \(norm3.bias\)'),
    (lambda w: [w.pop(key) for key in list(w) if key.startswith('stages.3.blocks.1.')],
     r'9 missing \(stages.3.1.gamma, stages.3.1.depthwise_conv.weight, stages.3.1.depthwise_conv.bias and 6 more\)'),
    (lambda w: w.update({'stages.3.blocks.2.gamma': torch.ones(1)}), r'1 unexpected \(stages.3.2.gamma\)'),
    (lambda w: w.update({'head.norm.bias': torch.ones(3)}),
     r'1 of another shape \(norm3.bias\), the first \(3,\) instead of \(320,\)'),
])
def test_weights_that_do_not_fit(backbone, change, message, timm_model, tmp_path):
    weights = dict(timm_model('atto').state_dict())
    change(weights)
    torch.save(weights, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match=f'{backbone.__name__}: {message}$'):
        initialise(backbone, f'timm://{tmp_path}/weights.pth', arch='atto')


@pytest.mark.parametrize('size', ['tiny', 'small', 'base', 'large', 'xlarge'])
def test_timm_has_the_weights_named_in_configs(size):
    assert timm.is_model_pretrained(f'convnext_{size}.fb_in22k')


@pytest.mark.parametrize('name', ['timm://convnext_tinny', 'timm://convnext_tiny.no_such_tag'])
def test_unknown_name(name):
    with pytest.raises(ValueError, match=f'{name}: timm'):
        load_timm(name)


def test_model_that_is_not_a_convnext(monkeypatch):
    monkeypatch.setattr(timm, 'create_model', lambda name, **kwargs: CREATE('resnet18', num_classes=0))
    with pytest.raises(ValueError, match=r"timm://resnet18.a1_in1k: .*not the weights of timm's ConvNeXt: \d+ unexp"):
        load_timm('timm://resnet18.a1_in1k')


def test_offline_message_names_both_alternatives(monkeypatch, tmp_path):
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', str(tmp_path))
    with pytest.raises(ConnectionError, match=r'init_cfg\.checkpoint=timm://FILE.*init_cfg=None') as caught:
        load_timm(NAME)
    assert str(caught.value).startswith(NAME)
    assert '\n' not in str(caught.value)


def test_without_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ImportError, match='pip install timm'):
        load_timm(NAME)


# ---------------------------------------------------------------------------------------------- bad files


class Code:
    def __reduce__(self):
        return print, ('code was run', )


def test_file_that_runs_code(tmp_path, capsys):
    torch.save(dict(model=Code()), tmp_path / 'weights.pth')
    with pytest.raises(CheckpointError, match=r'weights\.pth .*print'):
        initialise(ConvNeXt, f'facebook://{tmp_path}/weights.pth', arch='atto')
    assert 'code was run' not in capsys.readouterr().out


@pytest.mark.parametrize('name', ['weights.pth', 'weights.safetensors'])
def test_truncated_file(name, timm_model, tmp_path):
    path = tmp_path / name
    weights = timm_model('atto').state_dict()
    (torch.save if name.endswith('pth') else save_file)(weights, path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(CheckpointError, match=name):
        read_checkpoint(path)


def test_file_without_weights(tmp_path):
    torch.save([1, 2], tmp_path / 'weights.pth')
    with pytest.raises(CheckpointError, match=r'weights\.pth .*\blist\b'):
        read_checkpoint(tmp_path / 'weights.pth')


def test_no_such_file(tmp_path):
    for name in ('weights.pth', 'weights.safetensors'):
        with pytest.raises(FileNotFoundError, match=name):
            read_checkpoint(tmp_path / name)


def test_other_models_are_not_checked(tmp_path):
    model = nn.Linear(2, 2)
    torch.save({'weight': torch.ones(2, 2)}, tmp_path / 'weights.pth')
    load_checkpoint(model, str(tmp_path / 'weights.pth'), 'cpu', strict=False)
    assert torch.equal(model.weight, torch.ones(2, 2))
