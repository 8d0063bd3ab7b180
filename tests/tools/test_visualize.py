"""tools/visualize.py from the command line: what it draws of what it is given, and where to; errors."""
import json
import runpy
import shutil
import sys
from argparse import Namespace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from matplotlib import pyplot
from mmengine.runner.checkpoint import CheckpointLoader
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from emonext_mm.apis.visualize import PICTURES, Run

ROOT = Path(__file__).parents[2]
BACKENDS = 'visualizer.vis_backends=LocalVisBackend,TensorboardVisBackend,WandbVisBackend'


@pytest.fixture
def draw(call_tool, config, capfd):
    """Run the tool; return what it says of each picture, and the names of the files it wrote."""

    def run(*args, out):
        call_tool('visualize.py', config, *args, '--out', out)
        lines = capfd.readouterr().out.split('\n\n')[-1].splitlines()
        return dict(line.split(maxsplit=1) for line in lines), sorted(path.name for path in out.glob('*.png'))

    return run


def events_of(folder):
    path, = folder.rglob('events.out.tfevents.*')
    return EventAccumulator(str(path), size_guidance=dict(scalars=0)).Reload()


def test_everything_of_a_run(draw, trained, tmp_path):
    said, files = draw(trained, out=tmp_path)
    assert said == {name: str(tmp_path / f'{name}.png') for name in PICTURES}
    assert files == sorted(f'{name}.png' for name in PICTURES)
    for name in files:
        height, width, _ = cv2.imread(str(tmp_path / name)).shape
        assert 300 < height < 2000
        assert 300 < width < 2000
    assert not pyplot.get_fignums()
    assert not list(tmp_path.rglob('vis_image'))  # LocalVisBackend's


def test_pictures_stand_in_the_work_dir(config, call_tool, trained, tmp_path):
    work_dir = tmp_path / 'run'
    shutil.copytree(trained, work_dir)
    before = {path: path.read_bytes() for path in work_dir.rglob('*') if path.is_file()}
    call_tool('visualize.py', config, work_dir / 'epoch_1.pth', '--only', 'curves')
    assert (work_dir / 'pictures' / 'curves.png').is_file()
    assert {path: path.read_bytes() for path in before} == before


def test_of_a_config_alone(draw, tmp_path):
    said, files = draw(out=tmp_path)
    reason = 'not drawn: no checkpoint was given'
    assert said == {**dict.fromkeys(('confusion', 'mistakes', 'stn', 'cam'), reason),
                    'curves': 'not drawn: no work dir was given, and so no log',
                    'schedule': str(tmp_path / 'schedule.png')}
    assert files == ['schedule.png']


def test_of_a_young_run(draw, trained, tmp_path):
    """It has a log, but no checkpoint yet."""
    shutil.copytree(trained, tmp_path / 'run', ignore=shutil.ignore_patterns('*.pth', 'last_checkpoint'))
    _, files = draw(tmp_path / 'run', '--only', 'curves', out=tmp_path / 'out')
    assert files == ['curves.png']
    said, _ = draw(tmp_path / 'run', out=tmp_path / 'out')
    assert said['cam'] == f'not drawn: no checkpoint in {tmp_path / "run"}'


def test_without_stn(error_of, config, trained, tmp_path):
    message = error_of('visualize.py', config, trained, '--only', 'stn', 'cam', '--out', tmp_path,
                       '--cfg-options', 'data_preprocessor.localization_size=None')
    assert message == 'error: stn was not drawn: the model has no STN'
    assert [path.name for path in tmp_path.glob('*.png')] == ['cam.png']


def test_ten_crops(draw, trained, tmp_path):
    said, files = draw(trained, '--tta', '--cfg-options', 'test_dataloader.dataset.split=val', out=tmp_path)
    for name in ('stn', 'cam'):
        assert said[name] == 'not drawn: the pipeline gives 10 views of each image, and one is needed to draw on'
    assert {'confusion.png', 'mistakes.png'} < set(files)


def test_asked_for_and_not_drawn(error_of, config, trained, tmp_path):
    """The others are drawn nevertheless."""
    message = error_of('visualize.py', config, '--only', 'stn', 'schedule', '--out', tmp_path)
    assert message == 'error: stn was not drawn: no checkpoint was given'
    assert (tmp_path / 'schedule.png').is_file()


def test_without_grad_cam(error_of, config, trained, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pytorch_grad_cam', None)
    assert 'pip install grad-cam' in error_of('visualize.py', config, trained, '--only', 'cam', '--out', tmp_path)


def test_no_such_config(error_of):
    assert 'no_such.py' in error_of('visualize.py', 'no_such.py')


def test_no_such_checkpoint(error_of, config, tmp_path):
    message = error_of('visualize.py', config, tmp_path / 'no_such.pth')
    assert message == f'error: {tmp_path / "no_such.pth"}: there is no such checkpoint, nor a work dir'
    assert not list(tmp_path.iterdir())


def test_cut_checkpoint(error_of, config, trained, tmp_path):
    (tmp_path / 'cut.pth').write_bytes((trained / 'epoch_2.pth').read_bytes()[:9999])
    message = error_of('visualize.py', config, tmp_path / 'cut.pth', '--out', tmp_path / 'out')
    assert 'cut.pth was not loaded: it is cut, damaged or no checkpoint' in message


def test_no_such_backend(error_of, config):
    message = error_of('visualize.py', config, '--cfg-options', 'visualizer.vis_backends=TensorBoard')
    assert message.startswith('error: visualizer.vis_backends: there is no TensorBoard')


def test_no_such_picture(call_tool, config, capfd):
    with pytest.raises(SystemExit) as end:
        call_tool('visualize.py', config, '--only', 'portrait')
    assert end.value.code == 2
    assert "invalid choice: 'portrait'" in capfd.readouterr().err


# --------------------------------------------------------------------------------------- what is drawn


@pytest.fixture
def look_at(config, trained, tmp_path, monkeypatch):
    """The album's view of the trained run."""
    monkeypatch.syspath_prepend(ROOT / 'tools')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    tool = runpy.run_path(str(ROOT / 'tools' / 'visualize.py'))

    def look(**options):
        options = {'test_dataloader.dataset.split': 'val', **options}
        args = Namespace(config=str(config), cfg_options=options, tta=False)
        return Run(tool['build_runner'](args, tmp_path, trained / 'epoch_2.pth'), trained)

    return look


@pytest.fixture
def run(look_at):
    return look_at()


@pytest.mark.parametrize('tested_before', [False, True])
@pytest.mark.parametrize('average', [True, False])
def test_weights_that_are_looked_at(look_at, trained, average, tested_before):
    """The average, unless the config wants the raw ones."""
    run = look_at(**{'custom_hooks.0.evaluate_on_ema': average})
    if tested_before:
        assert run.tested.scores.shape == (140, 7)
    checkpoint = CheckpointLoader.load_checkpoint(str(trained / 'epoch_2.pth'), 'cpu')
    weights = checkpoint['state_dict']['head.fc.weight'], checkpoint['ema_state_dict']['module.head.fc.weight']
    expected, other = weights if average else weights[::-1]
    assert torch.equal(run.model.head.fc.weight, expected)
    assert not torch.equal(run.model.head.fc.weight, other)


def test_it_looks_at_what_test_py_predicts(run, config, call_tool, trained, tmp_path):
    scores = run.tested
    out = tmp_path / 'predictions.json'
    call_tool('test.py', config, trained / 'epoch_2.pth', '--work-dir', tmp_path / 'test', '--out', out,
              '--cfg-options', 'test_dataloader.dataset.split=val')
    content = json.loads(out.read_text())
    classes = content['classes']
    assert [classes[label] for label in scores.labels] == [row['true'] for row in content['predictions']]
    expected = [[row['probabilities'][name] for name in classes] for row in content['predictions']]
    np.testing.assert_allclose(scores.scores, expected, atol=1e-6)
    hits = int((scores.scores.argmax(1) == scores.labels).sum())
    assert PICTURES['confusion'](run).axes[0].get_title().startswith(f'{hits} of 140 right')


def test_note(run):
    model = 'tiny, epoch 2, EMA weights, single view; SyntheticFER, val'
    assert [run.note(name) for name in ('confusion', 'mistakes', 'stn', 'cam')] == [model] * 4
    assert [run.note(name) for name in ('curves', 'schedule')] == ['tiny'] * 2


def test_schedule_is_that_of_the_training(run, scalars, trained):
    lines = scalars(trained)[0]
    schedule = trace_schedule(run.runner)
    assert schedule.groups == ['data_preprocessor', 'backbone, head']
    assert schedule.epoch_length == 10
    base = [line['base_lr'] for line in lines]
    np.testing.assert_allclose(schedule.rates, np.outer(base, [0.1, 1]), rtol=1e-6)


# ------------------------------------------------------------------------------ TensorBoard and WandB


@pytest.fixture(scope='module')
def with_backends(config, run_tool, trained, tmp_path_factory):
    """The work dirs of a training, a test and a visit of this tool that wrote to all backends."""
    folder = tmp_path_factory.mktemp('backends')
    short = ('train_cfg.max_epochs=1', 'train_dataloader.dataset.num_samples=56')
    options = {'train': ['--work-dir', folder / 'train', '--cfg-options', BACKENDS, *short],
               'test': [trained, '--work-dir', folder / 'test', '--cfg-options', BACKENDS],
               'visualize': ['--out', folder / 'visualize', trained, '--cfg-options', BACKENDS]}
    for name, args in options.items():
        run = run_tool(f'{name}.py', config, *args, WANDB_MODE='offline', WANDB_SILENT='true')
        assert run.returncode == 0, run.stderr
    return folder


def test_training_logs_its_scalars(with_backends, scalars):
    events = events_of(with_backends / 'train')
    lines, validations = scalars(with_backends / 'train')
    assert [event.step for event in events.Scalars('loss')] == [line['step'] for line in lines] == [1, 2, 3, 4]
    np.testing.assert_allclose([event.value for event in events.Scalars('loss')], [line['loss'] for line in lines])
    accuracy, = events.Scalars('accuracy/top1')
    assert accuracy.value == pytest.approx(validations[0]['accuracy/top1'])
    stored, = (with_backends / 'train').rglob('*.wandb')
    assert all(key in stored.read_bytes() for key in (b'accuracy/top1', b'loss_sa', b'base_lr'))


@pytest.mark.parametrize(('tool', 'names'), [('test', ['confusion_matrix', 'stn_faces']), ('visualize', [*PICTURES])])
def test_pictures_go_to_the_backends(with_backends, tool, names):
    events = events_of(with_backends / tool)
    assert sorted(events.Tags()['images']) == sorted(names)
    in_wandb = {path.name.rpartition('_')[0].rpartition('_')[0]: path
                for path in (with_backends / tool).rglob('wandb/*/files/media/images/*.png')}
    assert sorted(in_wandb) == sorted(names)
    for name in names:
        written = cv2.imread(str(with_backends / tool / f'{name}.png'))
        image, = events.Images(name)
        encoded = np.frombuffer(image.encoded_image_string, np.uint8)
        np.testing.assert_array_equal(cv2.imdecode(encoded, cv2.IMREAD_COLOR), written)
        np.testing.assert_array_equal(cv2.imread(str(in_wandb[name])), written)
    assert not list((with_backends / tool).rglob('vis_image'))
