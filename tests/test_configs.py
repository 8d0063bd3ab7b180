"""Every config is built as the tools build it, and trains, validates and tests a step on the CPU."""
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
from emonext_mm.utils.models import build_model
from tests.helpers.models import build_on_meta

CONFIGS = sorted((Path(__file__).parents[1] / 'configs').glob('*.py'))
SIZES = ('tiny', 'small', 'base', 'large', 'xlarge')


def load(name: str) -> Config:
    """A config by its name, without pretrained weights (the override that its docstring names)."""
    cfg = Config.fromfile(CONFIGS[0].with_name(f'{name}.py'))
    if cfg.model.backbone.get('init_cfg'):
        cfg.model.backbone.init_cfg = None
    return cfg


def shrink(cfg: Config, channels: tuple = (16, 16, 16, 16)) -> Config:
    """One block in each stage, of few channels."""
    cfg.model.backbone.arch = dict(depths=[1] * 4, channels=list(channels))
    cfg.model.head.in_channels = channels[-1]
    return cfg


def test_all_are_there():
    names = {path.stem for path in CONFIGS}
    assert {f'{family}_{size}_fer2013' for family in ('emonext', 'convnext') for size in SIZES} <= names
    assert {f'emonext_{size}_fer2013_authors' for size in SIZES} <= names
    assert {'emonext_atto_synthetic', 'emonext_atto_fer2013_cpu', 'emonext_tiny_fer2013_view'} <= names


# Training with shards needs several processes: tests/engine/test_sharding.py.
@pytest.mark.parametrize('name', [path.stem for path in CONFIGS if 'fsdp' not in path.stem])
def test_a_step_of_each(name, data_root, tmp_path):
    cfg = load(name)
    if 'atto' not in name:
        shrink(cfg)
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        loader.update(batch_size=2, num_workers=0)
        loader.dataset.update(dict(num_samples=2) if loader.dataset.type == 'SyntheticFER' else
                              dict(data_root=data_root, indices=2))
    cfg.train_cfg.max_epochs = 1
    cfg.work_dir = str(tmp_path)
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=-1)
    runner = Runner.from_cfg(prepare_train(cfg))
    before = [p.clone() for p in runner.model.head.fc.parameters()]
    runner.train()
    assert runner.iter == 1
    assert not any(torch.equal(old, new) for old, new in zip(before, runner.model.head.fc.parameters()))
    assert all(p.isfinite().all() for p in runner.model.parameters())
    metrics = runner.test()
    assert {'accuracy/top1', 'single-label/f1-score', 'confusion_matrix/result'} <= set(metrics)


def test_rate_of_the_authors_schedule_continues_over_epochs(data_root, tmp_path):
    """The host ends a schedule after as many steps as there are epochs, unless it knows that they are iterations."""
    cfg = shrink(load('emonext_tiny_fer2013_authors'))
    cfg.train_dataloader.update(batch_size=2, num_workers=0)
    cfg.train_dataloader.dataset.update(data_root=data_root, indices=6)
    cfg.train_cfg = dict(by_epoch=True, max_epochs=2)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    del cfg.default_hooks['early_stopping']  # needs a validation
    cfg.default_hooks.checkpoint = None
    cfg.update(work_dir=str(tmp_path))
    runner = Runner.from_cfg(prepare_train(cfg))
    runner.train()
    assert runner.iter == 6
    assert runner.optim_wrapper.get_lr()['lr'][0] == pytest.approx(6 / 128 * 1e-3)  # of the sixth step


@pytest.mark.parametrize('size', SIZES)
def test_parameters_beside_the_baselines(size):
    """EmoNeXt has all parameters of ConvNeXt, and beside them only those of STN, SE and attention."""
    models = [build_on_meta(load(f'{family}_{size}_fer2013')) for family in ('convnext', 'emonext')]
    baseline, ours = (dict(model.named_parameters()) for model in models)
    assert baseline.keys() <= ours.keys()
    assert all(ours[name].shape == baseline[name].shape for name in baseline)
    parts = 'data_preprocessor.localization.', 'backbone.se_after.', 'head.attention.'
    assert all(name.startswith(parts) for name in ours.keys() - baseline.keys())


@pytest.mark.parametrize('name', [path.stem for path in CONFIGS])
def test_size_and_channels(name):
    """The backbone has the size in the config's name; the head takes its channels. Our own sizes are dicts."""
    cfg = load(name)
    arch = cfg.model.backbone.arch
    size = arch if isinstance(arch, str) else {64: 'mini', 32: 'micro'}[arch.channels[0]]
    assert f'_{size}_' in name
    model = build_on_meta(cfg)
    assert model.head.fc.in_features == model.backbone.channels[-1]


@pytest.mark.parametrize('size', SIZES)
def test_baseline_has_the_same_recipe(size):
    ours, baseline = (load(f'{family}_{size}_fer2013') for family in ('emonext', 'convnext'))
    for part in ('optim_wrapper', 'param_scheduler', 'train_cfg', 'custom_hooks', 'train_dataloader',
                 'val_dataloader', 'test_dataloader', 'randomness'):
        assert ours[part] == baseline[part]
    assert ours.model.head.loss == baseline.model.head.loss
    assert ours.model.backbone.drop_path_rate == baseline.model.backbone.drop_path_rate


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_opens_with_its_command(path):
    content = runpy.run_path(path)
    tool = 'tools/dist_train.sh' if 'strategy' in content else 'python tools/train.py'
    assert f'{tool} configs/{path.name}' in content['__doc__']


LISTS = CONFIGS[0].parent / 'experiments'
TABLE_2 = dict(  # of the paper, tiny to xlarge
    emonext=(73.34, 74.33, 74.91, 75.57, 76.12),
    convnext=(71.99, 72.34, 73.22, 73.46, 74.15),
)


@pytest.mark.parametrize(('name', 'experiments'), [
    ('table2', {f'{family}_{size}': (f'{family}_{size}_fer2013.py', paper)
                for family, papers in TABLE_2.items() for size, paper in zip(SIZES, papers)}),
    ('authors', {f'emonext_{size}_authors': (f'emonext_{size}_fer2013_authors.py', paper)
                 for size, paper in zip(SIZES, TABLE_2['emonext'])}),
])
def test_lists_of_the_papers_table(name, experiments, tmp_path):
    found = read_list(LISTS / f'{name}.yml', [0], tmp_path)
    ours = {each.name: (each.config.name, each.paper) for each in found if each.config.parent.name == 'configs'}
    assert ours == experiments
    assert {each.cfg.test_dataloader.dataset.split for each in found} == {'test'}


def test_ablations(tmp_path):
    """Each experiment lacks the part in its name, by its parameters and lambda; none is tested on the test split."""
    cfgs = {each.name: each.cfg for each in read_list(LISTS / 'ablations.yml', [0], tmp_path)}
    assert {cfg.test_dataloader.dataset.split for cfg in cfgs.values()} == {'val'}
    parts = {}
    for name, cfg in cfgs.items():
        model = build_on_meta(cfg)
        names = ' '.join(key for key, _ in model.named_parameters())
        parts[name] = ('localization' in names, 'se_after' in names, model.head.sa_weight)
        assert ('head.attention.norm' in names) == (name == 'batch_attention')
    assert parts == dict(
        full=(True, True, 1), without_stn=(False, True, 1), without_se=(True, False, 1), without_sa=(True, True, 0),
        without_any=(False, False, 0), batch_attention=(True, True, 1), lambda_10=(True, True, 10),
        lambda_100=(True, True, 100))


@pytest.mark.parametrize('name', ['emonext_atto_synthetic', 'emonext_tiny_fer2013'])
def test_bfloat16_autocast_equals_float32_up_to_rounding(name):
    """The whole model: loss to 0.5 %, regulariser to 1 %, direction of the gradient to 1 %."""
    torch.manual_seed(0)
    cfg = shrink(load(name), (16, 32, 48, 64))
    cfg.model.backbone.layer_scale_init_value = 1.0
    model = build_model(cfg)
    torch.nn.init.normal_(model.data_preprocessor.localization.regressor[-1].weight, std=0.003)  # not the identity
    size = model.data_preprocessor.localization.size
    images = 255 * F.interpolate(torch.rand(8, 1, 6, 6), (size, size), mode='bicubic')
    results = []
    for enabled in (False, True):
        model.zero_grad()
        torch.manual_seed(1)  # the same drop path
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
