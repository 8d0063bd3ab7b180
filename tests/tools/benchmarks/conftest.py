"""The benchmarks as modules, at settings that take seconds, and a stand-in for the authors' code."""
import importlib
import json
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[3]
CONFIG = str(ROOT / 'configs' / 'emonext_tiny_fer2013.py')
ATTO = ['--cfg-options', 'model.backbone.arch=atto', 'model.head.in_channels=320']
PIPELINE = '''
_base_ = '{config}'
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
def script(monkeypatch):
    """Import a module of ``tools/benchmarks``."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools' / 'benchmarks'))
    monkeypatch.setenv('LOCAL_RANK', '0')  # the host sets it; this takes it back
    return importlib.import_module


@pytest.fixture
def reference(tmp_path):
    """A folder with the names of the authors' code."""
    folder = tmp_path / 'reference'
    folder.mkdir()
    (folder / 'models.py').write_text(MODELS)
    (folder / 'train.py').write_text(TRAIN)
    return folder


@pytest.fixture
def config(tmp_path):
    """EmoNeXt's config for 32 px faces, cut out of the 48 px ones."""
    path = tmp_path / 'small_faces.py'
    path.write_text(PIPELINE.format(config=CONFIG))
    return str(path)


@pytest.fixture
def check_report():
    """Read a report, and check that it is consistent in itself."""

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
