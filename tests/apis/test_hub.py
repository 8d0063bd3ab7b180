import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from mmengine.analysis import get_model_complexity_info
from mmpretrain import ImageClassificationInferencer, get_model, list_models
from mmpretrain.apis import ModelHub
from torch import nn

from emonext_mm.apis import hub as model_index
from emonext_mm.apis.hub import find_root, register_models
from emonext_mm.datasets import SyntheticFER
from emonext_mm.emotions import CLASSES
from tests.helpers.models import build_model

ROOT = Path(__file__).parents[2]
ENTRIES = {entry['Name']: entry for entry in yaml.safe_load((ROOT / 'configs' / 'metafile.yml').read_text())['Models']}


def test_each_config_has_its_entry():
    configs = {path.stem for path in (ROOT / 'configs').glob('*.py')}
    assert {entry['Config'] for entry in ENTRIES.values()} == {f'configs/{name}.py' for name in configs}
    assert {name.replace('-', '_') for name in ENTRIES} == configs


def test_listed_after_import():
    command = ("import emonext_mm, mmpretrain; print(*mmpretrain.list_models('*emonext*')); "
               "print(*mmpretrain.list_models('convnext-*_fer2013', task='Image Classification'))")
    run = subprocess.run([sys.executable, '-c', command], capture_output=True, text=True, cwd=ROOT)
    ours, baseline = run.stdout.splitlines()[-2:]
    assert ours.split() == sorted(name for name in ENTRIES if 'emonext' in name)
    assert baseline.split() == sorted(name for name in ENTRIES if 'convnext-' in name)


def test_hosts_models_are_there_still():
    assert 'convnext-tiny_32xb128_in1k' in list_models('convnext')
    register_models()  # once more
    assert len(list_models('*emonext*')) == len([name for name in ENTRIES if 'emonext' in name])


def test_model_by_name():
    model = get_model('emonext-tiny_fer2013', head=dict(sa_weight=7.0))
    assert sum(p.numel() for p in model.parameters()) == ENTRIES['emonext-tiny_fer2013']['Metadata']['Parameters']
    assert model.head.sa_weight == 7.0
    assert model._dataset_meta['classes'] == CLASSES


class Whole(nn.Module):
    """What an image goes through in a test."""

    def __init__(self, model):
        super().__init__()
        self.model = model.eval()

    def forward(self, images):
        return self.model(self.model.data_preprocessor(dict(inputs=images))['inputs'], mode='tensor')


@pytest.mark.parametrize(('name', 'size'), [
    ('emonext-tiny_fer2013', 224), ('emonext-tiny_fer2013_authors', 224), ('emonext-tiny_fer2013_view', 48),
    ('convnext-tiny_fer2013', 224), ('emonext-atto_fer2013_cpu', 48), ('emonext-atto_synthetic', 48)])
def test_flops_and_parameters(name, size):
    """STN and all; the other sizes came the same way."""
    model = get_model(name)
    with torch.no_grad():
        found = get_model_complexity_info(Whole(model), None, inputs=(torch.zeros(1, 1, size, size), ),
                                          show_table=False, show_arch=False)
    assert ENTRIES[name]['Metadata']['FLOPs'] == found['flops']
    assert ENTRIES[name]['Metadata']['Parameters'] == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize('name', [name for name in ENTRIES if 'atto' not in name])
def test_parameters(name, undrawn):
    cfg = ModelHub.get(name).config
    cfg.model.backbone.init_cfg = None
    assert ENTRIES[name]['Metadata']['Parameters'] == sum(p.numel() for p in build_model(cfg).parameters())


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """Weights under which faces differ."""
    torch.manual_seed(0)
    model = get_model('emonext-atto_fer2013_cpu')
    for p in model.parameters():
        nn.init.normal_(p, std=0.1)
    path = tmp_path_factory.mktemp('weights') / 'it.pth'
    torch.save(dict(meta=dict(dataset_meta=dict(classes=CLASSES)), state_dict=model.state_dict()), path)
    return str(path)


def test_inferencer(checkpoint, tmp_path):
    """A grey face from a file, which the host reads in colour, is what the data set would show the model."""
    face = SyntheticFER(num_samples=1, split='test').images[0]
    cv2.imwrite(str(tmp_path / 'face.png'), face)
    inferencer = ImageClassificationInferencer('emonext-atto_fer2013_cpu', pretrained=checkpoint, device='cpu')
    result, = inferencer(str(tmp_path / 'face.png'))
    model = get_model('emonext-atto_fer2013_cpu', pretrained=checkpoint)
    with torch.no_grad():
        sample, = model.test_step(dict(inputs=torch.from_numpy(face[None, None]), data_samples=None))
    np.testing.assert_allclose(result['pred_scores'], sample.pred_score, rtol=0, atol=1e-6)
    assert result['pred_class'] == CLASSES[int(sample.pred_label)]


@pytest.mark.parametrize('name', ['emonext-atto_fer2013_cpu', 'emonext-atto_synthetic', 'emonext-tiny_fer2013',
                                  'emonext-tiny_fer2013_view', 'emonext-tiny_fer2013_authors'])
def test_inferencer_takes_colour_photographs(name):
    photograph = np.random.RandomState(0).randint(0, 256, (90, 70, 3)).astype(np.uint8)
    result, = ImageClassificationInferencer(name, pretrained=False, device='cpu')(photograph)
    assert result['pred_class'] in CLASSES
    assert result['pred_scores'].sum() == pytest.approx(1, abs=1e-5)


def test_root(tmp_path, monkeypatch):
    """That of the installed package goes first, else the checkout's; without either nothing is registered."""
    monkeypatch.setattr(model_index, 'PACKAGE', tmp_path / 'emonext_mm')
    assert find_root() is None
    register_models()
    (tmp_path / 'model-index.yml').touch()
    assert find_root() == tmp_path
    (tmp_path / 'emonext_mm' / '.mim').mkdir(parents=True)
    (tmp_path / 'emonext_mm' / '.mim' / 'model-index.yml').touch()
    assert find_root() == tmp_path / 'emonext_mm' / '.mim'
