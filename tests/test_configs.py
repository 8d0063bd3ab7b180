"""Every config is built as a user gets it, and trains, validates and tests a step on the CPU."""
import runpy
from pathlib import Path

import pytest
import torch
from datasets.fer2013_files import make_faces, write_fer2013
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.models import build_classifier

from emonext_mm import host

CONFIGS = sorted((Path(__file__).parents[1] / 'configs').glob('*.py'))
SIZES = ('tiny', 'small', 'base', 'large', 'xlarge')
# Liu et al. 2022, table 9: millions of parameters with ImageNet's 1000-class head.
CONVNEXT_PARAMETERS = dict(zip(SIZES, (28.6, 50.2, 88.6, 197.8, 350.2)))
LARGE = ('small', 'base', 'large', 'xlarge')


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('fer2013')
    write_fer2013(folder, make_faces())
    return str(folder)


@pytest.fixture
def undrawn(monkeypatch):
    """Parameters are allocated but not drawn: an xlarge model in no time."""
    for draw in ('kaiming_uniform_', 'trunc_normal_', 'uniform_'):
        monkeypatch.setattr(torch.nn.init, draw, lambda tensor, *args, **kwargs: tensor)


def load(path: Path) -> Config:
    cfg = Config.fromfile(path)
    if cfg.model.backbone.get('init_cfg'):
        cfg.model.backbone.init_cfg = None  # the override the configs name for a start from scratch
    return cfg


def test_the_twelve_are_there():
    names = {path.stem for path in CONFIGS}
    assert {f'{family}_{size}_fer2013' for family in ('emonext', 'convnext') for size in SIZES} <= names
    assert {'emonext_atto_synthetic', 'emonext_atto_fer2013_cpu'} <= names


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_a_step_of_each(path, data_root, tmp_path):
    cfg = load(path)
    if any(size in path.stem for size in LARGE):  # their own arch is built in the next test
        cfg.model.backbone.arch = dict(depths=[1] * 4, channels=[16] * 4)
        cfg.model.head.in_channels = 16
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        loader.update(batch_size=2, num_workers=0)
        loader.dataset.update(dict(num_samples=2) if loader.dataset.type == 'SyntheticFER' else
                              dict(data_root=data_root, indices=2))
    cfg.train_cfg.max_epochs = 1
    cfg.work_dir = str(tmp_path)
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=-1)
    cfg.experiment_name = path.stem
    runner = Runner.from_cfg(host.prepare_train(cfg))
    before = [p.clone() for p in runner.model.head.fc.parameters()]
    runner.train()
    assert runner.iter == 1
    assert not any(torch.equal(old, new) for old, new in zip(before, runner.model.head.fc.parameters()))
    assert all(p.isfinite().all() for p in runner.model.parameters())
    metrics = runner.test()
    assert {'accuracy/top1', 'single-label/f1-score', 'confusion_matrix/result'} <= set(metrics)


@pytest.mark.parametrize('size', SIZES)
def test_sizes_are_the_papers(size, undrawn):
    """The baseline has the published number of parameters; ours adds STN, SE and attention, and no more."""
    baseline = build_classifier(load(CONFIGS[0].with_name(f'convnext_{size}_fer2013.py')).model)
    channels = baseline.head.in_channels
    count = sum(p.numel() for p in baseline.parameters())
    assert round((count + (1000 - 7) * (channels + 1)) / 1e6, 1) == CONVNEXT_PARAMETERS[size]
    names = {name for name, _ in baseline.named_parameters()}
    del baseline
    ours = build_classifier(load(CONFIGS[0].with_name(f'emonext_{size}_fer2013.py')).model)
    added = {name: p.numel() for name, p in ours.named_parameters() if name not in names}
    assert names <= {name for name, _ in ours.named_parameters()}
    assert all(name.startswith(('data_preprocessor.localization.', 'backbone.se_after.', 'head.attention.'))
               for name in added)


@pytest.mark.parametrize('size', SIZES)
def test_baseline_is_trained_as_ours(size):
    ours, baseline = (load(CONFIGS[0].with_name(f'{family}_{size}_fer2013.py')) for family in ('emonext', 'convnext'))
    for part in ('optim_wrapper', 'param_scheduler', 'train_cfg', 'custom_hooks', 'train_dataloader',
                 'val_dataloader', 'test_dataloader', 'randomness'):
        assert ours[part] == baseline[part]
    assert ours.model.head.loss == baseline.model.head.loss
    assert ours.model.backbone.drop_path_rate == baseline.model.backbone.drop_path_rate


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_opens_with_its_command(path):
    assert f'python tools/train.py configs/{path.name}' in runpy.run_path(path)['__doc__']
