"""Configs of the paper's peers: their sizes, a step of each in training, validation and test, and what is frozen."""
import json
import runpy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from emonext_mm.apis.export import export
from emonext_mm.apis.train import train
from emonext_mm.compat.config import prepare_test
from emonext_mm.experiments.lists import read_list
from emonext_mm.utils.models import build_model
from tests.helpers.mixed_configs import train_and_test
from tests.helpers.models import build_on_meta, count_parameters

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / 'configs' / 'peers').glob('*.py'))
PARAMETERS = dict(  # of the specification of each net
    fervgg_48_fer2013=29_890_759, resnet_50_fer2013=36_103_239, seresnet_50_fer2013=38_634_231,
    resmasking_34_fer2013=137_796_423, segvgg_19_fer2013=169_220_807, segvgg_19_fer2013_five=191_512_263,
    lhcnet_34_fer2013=32_396_302, lhcnetc_34_fer2013=32_396_307,
    googlenet_fer2013=9_951_413, inceptionv3_fer2013=21_799_911, inception_48_fer2013=3_129_095,
    deepemotion_48_fer2013=47_657, adcorre_xception_fer2013=24_491_311, adcorre_xception_fer2013_authors=26_070_319)
RESNET = dict(base_channels=8, stem_channels=8, zero_init_residual=False)
SMALLER = dict(  # by the type of the backbone: its options, the channels of the head, the size of the view; None: as is
    MaskedVGG=(dict(), 512, None),
    ResNet=(RESNET, 256, 64),
    SEResNet=(RESNET, 256, 64),
    ResMaskingNet=(RESNET, 64, 64),
    LHCNet=(dict(size=64, channels=(4, 8, 8, 8), units=(1, 1, 1, 1)), 8, 64),
    GoogLeNet=(dict(), None, 32),
    InceptionV3=(dict(), None, 76),
    FERInception=(dict(widths=(((2, ) * 6, ), ) * 4, stem_channels=8), 8, None),
    DeepEmotion=(dict(), None, None),
    TIMMBackbone=(dict(), None, 32),
)


def load(name):
    cfg = Config.fromfile(ROOT / 'configs' / 'peers' / f'{name}.py')
    if cfg.model.backbone.get('init_cfg'):
        cfg.model.backbone.init_cfg = None  # no network here
    return cfg


def shrink(cfg):
    """Few channels, small images, narrow hidden layers."""
    options, channels, size = SMALLER[cfg.model.backbone.type]
    cfg.model.backbone.update(options)
    if 'LHCNet' in cfg.model.backbone.type and cfg.model.backbone.get('attention', [1])[0] is not None:
        cfg.model.backbone.attention = ((8, 3), (8, 3), (4, 3), (2, 3), (1, 3))
    if cfg.model.backbone.get('depth') == 19:
        size = 32
    if size:
        view = cfg.data_preprocessor.view
        view.update(size=size, **({'resize': size + 4} if 'resize' in view else {}))
    if cfg.model.head.get('mid_channels'):
        cfg.model.head.mid_channels = [8, 8]
    if channels:
        pooled = cfg.model.neck.get('pool') or (3 if 'common' in cfg.filename else 2)
        cfg.model.head.in_channels = channels * pooled ** 2
    return cfg


@pytest.fixture
def run(data_root, tmp_path):
    """Function: train a config for a step, small, and test; runner, metrics and the parameters before."""

    def train(name, images=2):
        cfg = shrink(load(name))
        for split in ('train', 'val', 'test'):
            cfg[f'{split}_dataloader'].update(batch_size=images, num_workers=0)
            cfg[f'{split}_dataloader'].dataset.update(data_root=data_root, indices=images)
        cfg.train_cfg.max_epochs = 1
        cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=-1)
        torch.manual_seed(0)
        return train_and_test(cfg, tmp_path)

    return train


@pytest.mark.parametrize('name', PARAMETERS)
def test_parameters(name):
    assert count_parameters(build_on_meta(load(name))) == PARAMETERS[name]


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_opens_with_command_and_published_number(path):
    text = runpy.run_path(path)['__doc__']
    assert f'python tools/train.py configs/peers/{path.name}' in text
    published = text.partition('\nPublished: ')[2].partition('\nCost')[0]
    known = {other.stem for other in CONFIGS}
    assert '%' in published or known & set(published.replace('.', ' ').split())


@pytest.mark.parametrize('name', [path.stem for path in CONFIGS])
def test_a_step_of_each(name, run):
    runner, metrics, before = run(name)
    after = dict(runner.model.named_parameters())
    assert all(value.isfinite().all() for value in after.values())
    assert any(not torch.equal(before[key], after[key]) for key in before)
    assert {'accuracy/top1', 'single-label/f1-score'} <= set(metrics)


@pytest.mark.parametrize(('name', 'count'), [('fervgg_48_fer2013', 10), ('resnet_50_fer2013', 10),
                                            ('resmasking_34_fer2013', 10), ('lhcnet_34_fer2013', 62)])
def test_views(name, count, run):
    """The peer's own: ten crops, ten random views, or LHC-Net's 62; the other nets have those of one of these."""
    runner, *_ = run(name, images=1)
    cfg = runner.cfg.copy()
    cfg.model = dict(cfg.tta_model, module=cfg.model)
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.experiment_name += '_views'
    tested = Runner.from_cfg(prepare_test(cfg))
    assert 'accuracy/top1' in tested.test()
    assert len(tested.test_dataloader.dataset[0]['inputs']) == count


def changed(runner, before):
    after = dict(runner.model.named_parameters())
    return {key for key in before if not torch.equal(before[key], after[key])}


def test_resnet_learns_norms_and_head_alone(run):
    runner, _, before = run('resnet_50_fer2013')
    convolutions = {key for key in before if 'conv' in key or 'downsample.0' in key}
    assert changed(runner, before) == before.keys() - convolutions
    assert sum(before[key].ndim == 4 for key in convolutions) == 53


def test_seresnet_learns_its_last_convolutions_too(run):
    runner, _, before = run('seresnet_50_fer2013')
    order = [key for key in before if before[key].ndim == 4]
    first = ('backbone.conv1', 'backbone.layer1', 'backbone.layer2', 'backbone.layer3.4.conv1',
             *(f'backbone.layer3.{i}.' for i in range(4)))
    frozen = {key for key in before if ('conv' in key or 'downsample.0' in key) and key.startswith(first)}
    assert changed(runner, before) == before.keys() - frozen
    assert order.index('backbone.layer3.4.conv1.weight') < order.index('backbone.layer3.4.conv2.weight')


@pytest.mark.parametrize('name', ['resnet_50_fer2013_vggface2', 'seresnet_50_fer2013_vggface2'])
def test_weights_of_vggface2(name):
    """The whole trunk is loaded, with the stride in the first convolution of a block."""
    cfg = Config.fromfile(ROOT / 'configs' / 'peers' / f'{name}.py').model.backbone
    assert cfg.init_cfg.checkpoint.startswith('vggface2://')
    assert (cfg.style, cfg.init_cfg.get('prefix')) == ('caffe', None)
    model = build_on_meta(load(name))
    assert model.backbone.layer2[0].conv1.stride == (2, 2)


def test_lhcnetc_learns_its_gates_alone(run):
    runner, _, before = run('lhcnetc_34_fer2013')
    assert changed(runner, before) == {'backbone.gates'}
    fresh = dict(build_model(runner.cfg).named_buffers())
    for key, value in runner.model.named_buffers():
        if 'running' in key:
            assert torch.equal(value, fresh[key])


def test_a_resumed_ad_corre_has_the_losses_of_an_unbroken_one(data_root, tmp_path):
    """Two epochs of a few steps, and the second one of them again from the checkpoint of the first."""

    def losses(folder, resume=None):
        cfg = load('adcorre_xception_fer2013')
        cfg.model.backbone = dict(type='ResNet', depth=18, base_channels=4, stem_channels=4, init_cfg=None)
        cfg.model.head.update(in_channels=32, embedding_dims=8)
        cfg.data_preprocessor.view.size = 32
        for split in ('train', 'val', 'test'):
            cfg[f'{split}_dataloader'].update(batch_size=3, num_workers=0)
            cfg[f'{split}_dataloader'].dataset.update(data_root=data_root)
        cfg.experiment_name = folder.name  # by default that of the second in which it starts
        train(cfg, folder, resume=resume, cfg_options={
            'train_cfg.max_epochs': 2, 'default_hooks.logger.interval': 1, 'log_level': 'ERROR'})
        file, = folder.glob('*/vis_data/scalars.json')
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        return [{key: line[key] for key in line if key.startswith('loss')} for line in lines if 'loss' in line]

    unbroken = losses(tmp_path / 'unbroken')
    assert len(unbroken) >= 4
    assert all(each['loss_fd'] > 0 for each in unbroken)
    assert losses(tmp_path / 'resumed', tmp_path / 'unbroken' / 'epoch_1.pth') == unbroken[len(unbroken) // 2:]


@pytest.mark.parametrize('name', [
    'fervgg_48_fer2013',
    *(pytest.param(name, marks=pytest.mark.slow) for name in (
        'deepemotion_48_fer2013', 'resmasking_34_fer2013', 'inception_48_fer2013', 'googlenet_fer2013',
        'adcorre_xception_fer2013'))])
def test_exported(name, run, tmp_path):
    """The file differs from PyTorch by less than 1e-5, which export() checks."""
    runner, *_ = run(name)
    runner.save_checkpoint(str(tmp_path), 'it.pth')
    exported = export(runner.cfg, tmp_path / 'it.pth', tmp_path / 'it.onnx')
    assert exported.path.is_file()
    assert exported.difference < 1e-5


def test_list_of_the_papers_table(tmp_path):
    """The numbers of Table II, each with how it was measured, and a config that builds."""
    found = {each.name: each for each in read_list(ROOT / 'configs' / 'experiments' / 'table2.yml', [0], tmp_path)
             if each.config.parent.name == 'peers'}
    assert {name: each.paper for name, each in found.items()} == dict(
        googlenet=65.20, deepemotion_48=70.02, inception_48=71.60, adcorre_xception=72.03,
        seresnet_50=72.50, resnet_50=73.20, fervgg_48=73.28, resmasking_34=74.14, lhcnetc_34=74.28, lhcnet_34=74.42,
        segvgg_19=75.97)
    assert all('Test' in each.measured for each in found.values())
