"""Every config is built as a user gets it, and trains, validates and tests a step on the CPU."""
import runpy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.structures import DataSample

from emonext_mm.compat.config import prepare_train
from emonext_mm.experiments.lists import read_list
from tests.helpers.fer2013_files import make_faces, write_fer2013
from tests.helpers.models import build_model

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


def load(path: Path) -> Config:
    cfg = Config.fromfile(path)
    if cfg.model.backbone.get('init_cfg'):
        cfg.model.backbone.init_cfg = None  # the override the configs name for a start from scratch
    return cfg


def test_all_are_there():
    names = {path.stem for path in CONFIGS}
    assert {f'{family}_{size}_fer2013' for family in ('emonext', 'convnext') for size in SIZES} <= names
    assert {f'emonext_{size}_fer2013_authors' for size in SIZES} <= names
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
    runner = Runner.from_cfg(prepare_train(cfg))
    before = [p.clone() for p in runner.model.head.fc.parameters()]
    runner.train()
    assert runner.iter == 1
    assert not any(torch.equal(old, new) for old, new in zip(before, runner.model.head.fc.parameters()))
    assert all(p.isfinite().all() for p in runner.model.parameters())
    metrics = runner.test()
    assert {'accuracy/top1', 'single-label/f1-score', 'confusion_matrix/result'} <= set(metrics)


def test_released_rate_goes_on_from_epoch_to_epoch(data_root, tmp_path):
    """The host ends a schedule after as many steps as there are epochs, unless it knows that they are iterations."""
    cfg = load(CONFIGS[0].with_name('emonext_tiny_fer2013_authors.py'))
    cfg.model.backbone.arch = dict(depths=[1] * 4, channels=[16] * 4)
    cfg.model.head.in_channels = 16
    cfg.train_dataloader.update(batch_size=2, num_workers=0)
    cfg.train_dataloader.dataset.update(data_root=data_root, indices=6)
    cfg.train_cfg = dict(by_epoch=True, max_epochs=2)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    del cfg.default_hooks['early_stopping']  # there is no validation
    cfg.default_hooks.checkpoint = None
    cfg.update(work_dir=str(tmp_path), experiment_name='released_rate')
    runner = Runner.from_cfg(prepare_train(cfg))
    runner.train()
    assert runner.iter == 6
    assert runner.optim_wrapper.get_lr()['lr'][0] == pytest.approx(6 / 128 * 1e-3)  # the sixth step's


@pytest.mark.parametrize('size', SIZES)
def test_sizes_are_the_papers(size, undrawn):
    """The baseline has the published number of parameters; ours adds STN, SE and attention, and no more."""
    baseline = build_model(load(CONFIGS[0].with_name(f'convnext_{size}_fer2013.py')))
    channels = baseline.head.in_channels
    count = sum(p.numel() for p in baseline.parameters())
    assert round((count + (1000 - 7) * (channels + 1)) / 1e6, 1) == CONVNEXT_PARAMETERS[size]
    names = {name for name, _ in baseline.named_parameters()}
    del baseline
    ours = build_model(load(CONFIGS[0].with_name(f'emonext_{size}_fer2013.py')))
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


LISTS = CONFIGS[0].parent / 'experiments'
TABLE_2 = dict(  # of the paper, tiny to xlarge
    emonext=(73.34, 74.33, 74.91, 75.57, 76.12),
    convnext=(71.99, 72.34, 73.22, 73.46, 74.15),
)


@pytest.mark.parametrize(('name', 'runs'), [
    ('table2', {f'{family}_{size}': (f'{family}_{size}_fer2013.py', paper)
                for family, papers in TABLE_2.items() for size, paper in zip(SIZES, papers)}),
    ('authors', {f'emonext_{size}_authors': (f'emonext_{size}_fer2013_authors.py', paper)
                  for size, paper in zip(SIZES, TABLE_2['emonext'])}),
])
def test_lists_of_the_papers_table(name, runs, tmp_path):
    found = read_list(LISTS / f'{name}.yml', [0], tmp_path)
    assert {run.name: (run.config.name, run.paper) for run in found} == runs
    assert {run.cfg.test_dataloader.dataset.split for run in found} == {'test'}


def test_ablations(undrawn, tmp_path):
    """Each lacks what it says, by its parameters and its lambda, and nothing is chosen on the test split."""
    runs = {run.name: run.cfg for run in read_list(LISTS / 'ablations.yml', [0], tmp_path)}
    assert {cfg.test_dataloader.dataset.split for cfg in runs.values()} == {'val'}
    parts = {}
    for name, cfg in runs.items():
        cfg.model.backbone.init_cfg = None
        model = build_model(cfg)
        names = ' '.join(key for key, _ in model.named_parameters())
        parts[name] = ('localization' in names, 'se_after' in names, model.head.sa_weight)
        assert ('head.attention.norm' in names) == (name == 'batch_attention')
    assert parts == dict(
        full=(True, True, 1), without_stn=(False, True, 1), without_se=(True, False, 1), without_sa=(True, True, 0),
        without_any=(False, False, 0), batch_attention=(True, True, 1), lambda_10=(True, True, 10),
        lambda_100=(True, True, 100))


@pytest.mark.parametrize('name', ['emonext_atto_synthetic', 'emonext_tiny_fer2013'])
def test_bfloat16_autocast_is_float32_within_rounding(name):
    """The whole model: loss to 0.5 %, regulariser to 1 %, the gradient's direction to 1 %."""
    torch.manual_seed(0)
    cfg = load(CONFIGS[0].with_name(f'{name}.py'))
    cfg.model.backbone.update(arch=dict(depths=[1] * 4, channels=[16, 32, 48, 64]), layer_scale_init_value=1.0)
    cfg.model.head.in_channels = 64
    model = build_model(cfg)
    torch.nn.init.normal_(model.data_preprocessor.localization.regressor[-1].weight, std=0.003)  # off the identity
    size = model.data_preprocessor.localization.size
    images = 255 * F.interpolate(torch.rand(8, 1, 6, 6), (size, size), mode='bicubic')
    results = []
    for enabled in (False, True):
        model.zero_grad()
        torch.manual_seed(1)  # the same paths are dropped
        samples = [DataSample().set_gt_label(i % 7) for i in range(8)]
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            data = model.data_preprocessor(dict(inputs=images, data_samples=samples), training=True)
            losses = model(**data, mode='loss')
        model.parse_losses(losses)[0].backward()
        gradient = torch.cat([p.grad.flatten() for p in model.parameters()]).double()
        results.append((data['inputs'], losses, gradient))
    (inputs, losses, gradient), (cast_inputs, cast_losses, cast_gradient) = results
    torch.testing.assert_close(cast_inputs, inputs, rtol=0, atol=1e-4)
    assert cast_losses['loss'].item() == pytest.approx(losses['loss'].item(), rel=0.005)
    assert cast_losses['sa_variance'].item() == pytest.approx(losses['sa_variance'].item(), rel=0.01)
    assert torch.cosine_similarity(cast_gradient, gradient, 0) > 0.99
    assert not torch.equal(cast_gradient, gradient)
