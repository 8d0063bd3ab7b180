"""Figures of a run trained here, in a few iterations: of which weights, of which data, and for which backends."""
import copy
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from matplotlib import pyplot
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from emonext_mm.apis.test import test as run_test
from emonext_mm.apis.train import train
from emonext_mm.apis.visualize import FIGURES, TrainedRun, visualize
from emonext_mm.compat.config import prepare_test

ROOT = Path(__file__).parents[2]
SAMPLES = 70
OPTIONS = {'test_dataloader.dataset.split': 'val'}
BACKENDS = {'visualizer.vis_backends': ['LocalVisBackend', 'TensorboardVisBackend', 'WandbVisBackend']}


@pytest.fixture(scope='module')
def config():
    """A tiny EmoNeXt on a few drawn faces."""
    cfg = Config.fromfile(ROOT / 'configs' / 'emonext_atto_synthetic.py')
    cfg.merge_from_dict({
        'model.backbone.arch': dict(_delete_=True, depths=[1] * 4, channels=[16] * 4),
        'model.head.in_channels': 16,
        'train_cfg.max_epochs': 1,
        'train_dataloader.batch_size': 14,
        'default_hooks.logger.interval': 1,
        **{f'{split}_dataloader.dataset.num_samples': SAMPLES for split in ('train', 'val', 'test')},
    })
    return cfg


@pytest.fixture(scope='module')
def folder(config, tmp_path_factory):
    """The work dirs of a training, a test and a visualization, which write to all backends."""
    folder = tmp_path_factory.mktemp('runs')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('WANDB_MODE', 'offline')
        patch.setenv('WANDB_SILENT', 'true')
        patch.setattr(torch.cuda, 'is_available', lambda: False)
        patch.setenv('LOCAL_RANK', '0')
        train(config, folder / 'train', cfg_options=BACKENDS)
        options = {**OPTIONS, **BACKENDS}
        run_test(config, folder / 'train', folder / 'test', cfg_options=options, out=folder / 'predictions.json')
        result = visualize(config, folder / 'train', folder / 'visualize', cfg_options=options)
    assert not result.missing
    assert not pyplot.get_fignums()
    assert result.figures == {name: folder / 'visualize' / f'{name}.png' for name in FIGURES}
    return folder


@pytest.fixture
def make_run(config, folder, tmp_path):
    """The trained run, as the figures see it; options change the config."""

    def make(**options):
        cfg = copy.deepcopy(config)
        cfg.merge_from_dict({**OPTIONS, **options})
        cfg.update(work_dir=str(tmp_path), load_from=str(folder / 'train' / 'epoch_1.pth'), test_evaluator=[])
        return TrainedRun(Runner.from_cfg(prepare_test(cfg)), folder / 'train')

    return make


@pytest.mark.parametrize('tested_before', [False, True])
@pytest.mark.parametrize('average', [True, False])
def test_weights(make_run, folder, average, tested_before):
    """The figures show the averaged weights, unless the config evaluates the raw ones."""
    run = make_run(**{'custom_hooks.0.evaluate_on_ema': average})
    if tested_before:
        assert run.scores.scores.shape == (SAMPLES, 7)
    checkpoint = CheckpointLoader.load_checkpoint(str(folder / 'train' / 'epoch_1.pth'), 'cpu')
    weights = checkpoint['state_dict']['head.fc.weight'], checkpoint['ema_state_dict']['module.head.fc.weight']
    expected, other = weights if average else weights[::-1]
    assert torch.equal(run.model.head.fc.weight, expected)
    assert not torch.equal(run.model.head.fc.weight, other)


def test_scores_are_those_of_a_test(make_run, folder):
    run = make_run()
    content = json.loads((folder / 'predictions.json').read_text())
    classes, rows = content['classes'], content['predictions']
    assert [classes[label] for label in run.scores.labels] == [row['true'] for row in rows]
    expected = [[row['probabilities'][name] for name in classes] for row in rows]
    np.testing.assert_allclose(run.scores.scores, expected, atol=1e-6)
    hits = sum(row['predicted'] == row['true'] for row in rows)
    assert FIGURES['confusion'](run).axes[0].get_title().startswith(f'{hits} of {SAMPLES} ')


def test_conditions(make_run):
    line = make_run().conditions()
    parts = 'emonext_atto_synthetic', 'epoch 1', 'EMA', 'single view', 'SyntheticFER, val'
    assert all(part in line for part in parts)


def test_curves_of_the_log(make_run, folder):
    path, = (folder / 'train').glob('*/vis_data/scalars.json')
    losses = [entry['loss'] for entry in map(json.loads, path.read_text().splitlines()) if 'loss' in entry]
    assert len(losses) == SAMPLES // 14
    axes = next(axes for axes in FIGURES['curves'](make_run()).axes if axes.get_ylabel() == 'training loss')
    np.testing.assert_allclose(axes.lines[0].get_ydata(), losses)


def test_unknown_figure(config, tmp_path):
    with pytest.raises(ValueError, match=r'portrait.*confusion, mistakes, stn, cam, curves'):
        visualize(config, out=tmp_path, only=['portrait'])


# ---------------------------------------------------------------------------------------------- TensorBoard and WandB


def read_events(work_dir):
    path, = work_dir.rglob('events.out.tfevents.*')
    return EventAccumulator(str(path), size_guidance=dict(scalars=0)).Reload()


def test_backends_of_a_training(folder):
    events = read_events(folder / 'train')
    path, = (folder / 'train').glob('*/vis_data/scalars.json')
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    losses = [(entry['step'], pytest.approx(entry['loss'])) for entry in entries if 'loss' in entry]
    assert [(event.step, event.value) for event in events.Scalars('loss')] == losses
    accuracy, = events.Scalars('accuracy/top1')
    assert accuracy.value == pytest.approx(entries[-1]['accuracy/top1'])
    stored, = (folder / 'train').rglob('*.wandb')
    assert all(key in stored.read_bytes() for key in (b'accuracy/top1', b'loss_sa', b'base_lr'))


@pytest.mark.parametrize(('name', 'figures'), [('test', ['confusion_matrix', 'stn_faces']), ('visualize', [*FIGURES])])
def test_backends_have_the_figures(folder, name, figures):
    events = read_events(folder / name)
    assert sorted(events.Tags()['images']) == sorted(figures)
    in_wandb = {path.name.rpartition('_')[0].rpartition('_')[0]: path
                for path in (folder / name).rglob('wandb/*/files/media/images/*.png')}
    assert sorted(in_wandb) == sorted(figures)
    for figure in figures:
        written = cv2.imread(str(folder / name / f'{figure}.png'))
        image, = events.Images(figure)
        encoded = np.frombuffer(image.encoded_image_string, np.uint8)
        np.testing.assert_array_equal(cv2.imdecode(encoded, cv2.IMREAD_COLOR), written)
        np.testing.assert_array_equal(cv2.imread(str(in_wandb[figure])), written)
    assert not list((folder / name).rglob('vis_image'))  # LocalVisBackend would write the figures again
