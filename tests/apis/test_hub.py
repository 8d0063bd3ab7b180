from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from mmengine.analysis import get_model_complexity_info
from mmpretrain import ImageClassificationInferencer, get_model, list_models
from mmpretrain.apis import ModelHub
from mmpretrain.models import ConvNeXt
from torch import nn

from emonext_mm.apis.hub import find_weights, register_models
from emonext_mm.datasets import SyntheticFER
from emonext_mm.emotions import CLASSES
from emonext_mm.models.weights.packaged import to_safetensors
from emonext_mm.utils import installation
from emonext_mm.utils.images import to_three_channels
from tests.helpers.models import build_on_meta

ROOT = Path(__file__).parents[2]
# Liu et al. 2022, table 9: millions of parameters with ImageNet's 1000-class head.
CONVNEXT_PARAMETERS = dict(tiny=28.6, small=50.2, base=88.6, large=197.8, xlarge=350.2)
ENTRIES = {entry['Name']: entry for entry in yaml.safe_load((ROOT / 'configs' / 'metafile.yml').read_text())['Models']}


def test_each_config_has_its_entry():
    configs = {path.stem for path in (ROOT / 'configs').glob('*.py')}
    assert {entry['Config'] for entry in ENTRIES.values()} == {f'configs/{name}.py' for name in configs}
    assert {name.replace('-', '_') for name in ENTRIES} == configs


def test_listed_after_import():
    assert list_models('*emonext*') == sorted(name for name in ENTRIES if 'emonext' in name)
    baseline = list_models('convnext-*_fer2013*', task='Image Classification')
    assert baseline == sorted(name for name in ENTRIES if 'convnext-' in name)


def test_models_of_the_host_stay_registered():
    assert 'convnext-tiny_32xb128_in1k' in list_models('convnext')
    register_models()  # a second call changes nothing
    assert len(list_models('*emonext*')) == len([name for name in ENTRIES if 'emonext' in name])


def test_model_by_name():
    model = get_model('emonext-tiny_fer2013', head=dict(sa_weight=7.0))
    assert type(model.backbone).__name__ == 'EmoNeXt'
    assert model.head.sa_weight == 7.0
    assert model._dataset_meta['classes'] == CLASSES


class WholeModel(nn.Module):
    """Data preprocessor, with the STN in it, and classifier."""

    def __init__(self, model):
        super().__init__()
        self.model = model.eval()

    def forward(self, images):
        return self.model(self.model.data_preprocessor(dict(inputs=images))['inputs'], mode='tensor')


@pytest.mark.parametrize(('name', 'size'), [
    ('emonext-tiny_fer2013', 224), ('emonext-tiny_fer2013_authors', 224), ('emonext-tiny_fer2013_view', 48),
    ('convnext-tiny_fer2013', 224), ('emonext-atto_fer2013_cpu', 48), ('emonext-atto_synthetic', 48),
    ('emonext-mini_fer2013_48', 48), ('emonext-micro_fer2013_48', 48), ('emonext-micro_fer2013_48_common', 48),
    ('emonext-tiny_fer2013_64', 48), ('convnext-tiny_fer2013_64', 48)])
def test_flops(name, size):
    """Of the smallest size of each family; the numbers of the other sizes were counted in the same way."""
    with torch.no_grad():
        found = get_model_complexity_info(WholeModel(get_model(name)), None, inputs=(torch.zeros(1, 1, size, size), ),
                                          show_table=False, show_arch=False)
    assert ENTRIES[name]['Metadata']['FLOPs'] == found['flops']


@pytest.mark.parametrize('name', ENTRIES)
def test_parameters(name):
    model = build_on_meta(ModelHub.get(name).config)
    assert ENTRIES[name]['Metadata']['Parameters'] == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(('size', 'published'), CONVNEXT_PARAMETERS.items())
def test_baseline_has_the_published_number_of_parameters(size, published):
    count = ENTRIES[f'convnext-{size}_fer2013']['Metadata']['Parameters']
    channels = ConvNeXt.arch_settings[size]['channels'][-1]
    assert round((count + (1000 - 7) * (channels + 1)) / 1e6, 1) == published


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """A checkpoint of random weights with which different faces get different scores."""
    torch.manual_seed(0)
    model = get_model('emonext-atto_fer2013_cpu')
    for p in model.parameters():
        nn.init.normal_(p, std=0.1)
    path = tmp_path_factory.mktemp('weights') / 'random.pth'
    torch.save(dict(meta=dict(dataset_meta=dict(classes=CLASSES)), state_dict=model.state_dict()), path)
    return str(path)


def test_inferencer(checkpoint, tmp_path):
    """A grey image file, which the host reads in colour, gives the same scores as the data set's grey image."""
    face = SyntheticFER(num_samples=1, split='test').images[0]
    cv2.imwrite(str(tmp_path / 'face.png'), face)
    inferencer = ImageClassificationInferencer('emonext-atto_fer2013_cpu', pretrained=checkpoint, device='cpu')
    result, = inferencer(str(tmp_path / 'face.png'))
    model = get_model('emonext-atto_fer2013_cpu', pretrained=checkpoint)
    with torch.no_grad():
        sample, = model.test_step(dict(inputs=torch.from_numpy(face[None, None]), data_samples=None))
    np.testing.assert_allclose(result['pred_scores'], sample.pred_score, rtol=0, atol=1e-6)
    assert result['pred_class'] == CLASSES[int(sample.pred_label)]


@pytest.mark.parametrize('name', ['emonext-atto_fer2013_cpu', 'emonext-atto_synthetic', 'emonext-mini_fer2013_48',
                                  'emonext-tiny_fer2013', 'emonext-tiny_fer2013_view', 'emonext-tiny_fer2013_authors'])
def test_inferencer_takes_colour_photographs(name):
    photograph = np.random.RandomState(0).randint(0, 256, (90, 70, 3)).astype(np.uint8)
    result, = ImageClassificationInferencer(name, pretrained=False, device='cpu')(photograph)
    assert result['pred_class'] in CLASSES
    assert result['pred_scores'].sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize('name', ['emonext-atto_fer2013_cpu', 'emonext-atto_synthetic', 'emonext-tiny_fer2013'])
def test_inferencer_takes_any_form_of_a_face(name):
    """Grey with two or three axes, colour, float64 and other sizes, in one batch: one face has one result."""
    torch.manual_seed(0)
    inferencer = ImageClassificationInferencer(name, pretrained=False, device='cpu')
    face = SyntheticFER(num_samples=1, split='test').images[0]
    colour = np.repeat(face[..., None], 3, axis=2)
    forms = [face, face[..., None], colour, colour.astype(np.float64), face.astype(np.float64)]
    results = inferencer([*forms, np.zeros((30, 20, 3), np.uint8)], batch_size=6)
    for result in results[1:5]:
        np.testing.assert_allclose(result['pred_scores'], results[0]['pred_scores'], rtol=0, atol=2e-3)
    assert np.abs(results[5]['pred_scores'] - results[0]['pred_scores']).max() > 2e-3


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """A trained model of the package, of ``emonext-atto_synthetic``."""
    model = get_model('emonext-atto_synthetic')
    torch.nn.init.normal_(model.head.fc.bias)
    meta = dict(dataset_meta=dict(classes=CLASSES), epoch=3)
    (tmp_path / 'atto.safetensors').write_bytes(to_safetensors(model.state_dict(), meta))
    monkeypatch.setattr(ModelHub._models_dict['emonext-atto_synthetic'], 'weights', str(tmp_path / 'atto.safetensors'))
    return tmp_path / 'atto.safetensors', model


def test_model_with_packaged_weights(packaged):
    _, model = packaged
    found = get_model('emonext-atto_synthetic', pretrained=True)
    for key, value in model.state_dict().items():
        expected = value.half().float() if value.is_floating_point() else value
        assert torch.equal(found.state_dict()[key], expected)


def test_weights_by_config(packaged, tmp_path, monkeypatch):
    path, _ = packaged
    monkeypatch.chdir(ROOT / 'configs')
    for config in ('emonext_atto_synthetic.py', ROOT / 'configs' / 'emonext_atto_synthetic.py'):
        assert find_weights(config) == path
    copy = tmp_path / 'emonext_atto_synthetic.py'
    copy.write_bytes((ROOT / 'configs' / copy.name).read_bytes())
    assert find_weights(copy) == path
    copy.write_text(f'{copy.read_text()}model = dict(head=dict(sa_weight=2.0))')
    with pytest.raises(ValueError, match=r'emonext_atto_synthetic\.py'):
        find_weights(copy)
    with pytest.raises(FileNotFoundError, match=r'none/emonext_atto_synthetic\.py'):
        find_weights(tmp_path / 'none' / copy.name)
    with pytest.raises(FileNotFoundError, match=r'nope\.py'):
        find_weights('nope.py')


@pytest.mark.parametrize('name', ['emonext_tiny_fer2013.py', 'metafile.yml'])
def test_config_without_weights(packaged, name):
    with pytest.raises(ValueError, match=rf'{name}.*configs/emonext_atto_synthetic\.py'):
        find_weights(ROOT / 'configs' / name)


def test_nothing_is_registered_without_an_index(tmp_path, monkeypatch):
    monkeypatch.setattr(installation, 'PACKAGE', tmp_path / 'emonext_mm')
    monkeypatch.setattr(ModelHub, '_models_dict', {})
    register_models()
    assert ModelHub._models_dict == {}


@pytest.mark.parametrize('change', [lambda x: x / 255, lambda x: (x / 255).astype(np.float32),
                                    lambda x: x.astype(np.uint16) * 257, lambda x: x.astype(float),
                                    lambda x: cv2.resize(x, (96, 96), interpolation=cv2.INTER_CUBIC)])
def test_inputs_of_the_inferencer_in_other_units_and_sizes(change):
    predict = ImageClassificationInferencer('emonext-mini_fer2013_48')
    faces = [to_three_channels(face) for face in SyntheticFER(7, split='test').images]
    plain = predict(faces)
    other = predict([change(face) for face in faces])
    if change(faces[0]).shape == faces[0].shape:
        np.testing.assert_allclose([each['pred_scores'] for each in other], [each['pred_scores'] for each in plain],
                                   atol=1e-4)
    else:  # enlarged and reduced again
        assert sum(a['pred_class'] == b['pred_class'] for a, b in zip(plain, other)) >= 6
    with pytest.raises(ValueError, match=r'1\.5'):
        predict(faces[0] / faces[0].max() * 1.5)
