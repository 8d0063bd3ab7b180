"""The benchmarks as modules on tiny settings, and a substitute for the authors' code."""
import importlib
import json
from statistics import median

import pytest
import timm
from mmpretrain.models import ConvNeXt
from timm.models.convnext import ConvNeXt as TimmConvNeXt

from tests.helpers.scripts import ROOT, script_process

SMALL = '''
_base_ = '{config}'
data_preprocessor = dict({stn})
model = dict(backbone=dict(arch='mini'), head=dict(in_channels=16))
train_dataloader = dict(dataset=dict(pipeline=[dict(type='RandomCrop', crop_size=32), dict(type='PackInputs')]))
'''

MODELS = '''
from torch import nn
from torch.hub import load_state_dict_from_url

class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.fc = nn.Linear(3, classes)

    def forward(self, x, labels=None):
        logits = self.fc(x.mean((2, 3)))
        if labels is None:
            return logits.argmax(1), logits
        return logits.argmax(1), logits, nn.functional.cross_entropy(logits, labels)

def get_model(num_classes, model_size='tiny', in_22k=False):
    weights = load_state_dict_from_url(url='https://nowhere.invalid/weights.pth')
    net = Net(num_classes)
    net.load_state_dict(weights['model'], strict=False)
    return net
'''
TRAIN = '''
from pathlib import Path
import torch
import wandb
from torch.backends import cudnn
from torchvision import transforms
from models import get_model

cudnn.deterministic, cudnn.benchmark = True, False

def note(what):
    with open(Path(__file__).with_name('calls.txt'), 'a') as file:
        print(what, file=file)

class Trainer:
    def __init__(self, model, training_dataloader, validation_dataloader, testing_dataloader, classes, output_dir,
                 amp=False):
        wandb.watch(model, log='all')
        print('Trainer speaking')
        self.model, self.loader, self.amp = model, training_dataloader, amp
        self.optimizer = torch.optim.SGD(model.parameters(), lr=1.0)

    def train_epoch(self):
        for images, labels in self.loader:
            self.optimizer.zero_grad()
            self.model(images, labels)[2].backward()
            self.optimizer.step()
            print('Trainer speaking')
            note(f'step {tuple(images.shape)} amp={self.amp} deterministic={cudnn.deterministic}')

class Count:
    def __call__(self, image):
        note('transform')
        return image

if __name__ == '__main__':
    train_transform = transforms.Compose([Count(), transforms.Resize(8), transforms.ToTensor()])
    raise SystemExit('this part is for the shell')
'''


@pytest.fixture
def script():
    """Import a module of ``tools/benchmarks``, anew in each test. A measurement is a single call."""
    with script_process(ROOT / 'tools' / 'benchmarks'):
        importlib.import_module('_measure').MINIMUM = 0
        importlib.import_module('_reference').SIZES += ('mini', )
        yield importlib.import_module


@pytest.fixture
def reference(tmp_path):
    """A small substitute for a checkout of the authors' code; it writes its steps to ``calls.txt``."""
    folder = tmp_path / 'reference'
    folder.mkdir()
    (folder / 'models.py').write_text(MODELS)
    (folder / 'train.py').write_text(TRAIN)
    return folder


@pytest.fixture
def mini(monkeypatch):
    """A size of four blocks of 16 channels, for EmoNeXt, the host's ConvNeXt and timm's."""
    monkeypatch.setitem(ConvNeXt.arch_settings, 'mini', dict(depths=[1] * 4, channels=[16] * 4))
    monkeypatch.setattr(timm, 'create_model', lambda name, **options: {'convnext_mini': TimmConvNeXt}[name](
        depths=(1, ) * 4, dims=(16, ) * 4, **options))


@pytest.fixture
def small(mini, tmp_path):
    """Write configs of size mini on 32 px crops."""

    def write(name, stn='localization_size=32'):
        path = tmp_path / f'small_{name}.py'
        path.write_text(SMALL.format(config=ROOT / 'configs' / f'{name}.py', stn=stn))
        return str(path)

    return write


@pytest.fixture
def config(small):
    """EmoNeXt's config of size mini on 32 px crops."""
    return small('emonext_tiny_fer2013')


OWN_SIZE = '''
_base_ = {base!r}
model = dict(backbone=dict(arch=dict(_delete_=True, depths=[1] * 4, channels=[16] * 4)))
optim_wrapper = dict(optimizer=dict(_delete_=True, type='TimmMuon', lr=1e-3))
'''


@pytest.fixture
def own_size(config, tmp_path):
    """A config with depths and channels of its own, and an optimizer that PyTorch does not have."""
    path = tmp_path / 'own.py'
    path.write_text(OWN_SIZE.format(base=config))
    return str(path)


@pytest.fixture
def check_report():
    """Read a report and check its consistency."""

    def check(path, rounds):
        report = json.loads(path.read_text())
        assert report['conditions']['torch']
        for table in report['tables']:
            for side in table['sides'].values():
                assert len(side['rounds']) == rounds
                assert min(side['rounds']) > 0
                assert side['low'] <= side['median'] <= side['high']
            for ratio in table['ratios']:
                pairs = zip(*(table['sides'][ratio[key]]['rounds'] for key in ('of', 'over')))
                assert ratio['median'] == pytest.approx(median(other / mine for other, mine in pairs))
                assert ratio['of'] not in {found['over'] for found in table['ratios']}
        return report

    return check
