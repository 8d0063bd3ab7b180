"""Training from Python: its result, resuming, and refusals before anything is trained."""
import shutil
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config

from emonext_mm.apis.train import train
from emonext_mm.utils.errors import CheckpointError
from emonext_mm.utils.work_dir import best_checkpoint, last_checkpoint
from tests.helpers.scripts import ROOT

HOLD = ('import sys; from emonext_mm.utils.work_dir import lock_work_dir\n'
        'with lock_work_dir(sys.argv[1]): print("held", flush=True); sys.stdin.read()')


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)


def epoch_of(path):
    return torch.load(path, weights_only=True)['meta']['epoch']


def test_result_and_resuming(config, tmp_path):
    """One epoch, then two more of three; a Config does as well as its file."""
    first = train(config, tmp_path, cfg_options={'train_cfg.max_epochs': 1})
    assert first.work_dir == tmp_path
    assert first.last == tmp_path / 'epoch_1.pth'
    assert first.best.name.startswith('best_accuracy_top1_epoch_1')
    cfg = Config.fromfile(config)
    second = train(cfg, tmp_path, resume=True, cfg_options={'train_cfg.max_epochs': 2}, no_validate=True)
    assert (second.last, second.best) == (tmp_path / 'epoch_2.pth', first.best)
    assert epoch_of(second.last) == 2
    assert cfg.train_cfg.max_epochs == Config.fromfile(config).train_cfg.max_epochs
    steps = [state['step'] for state in torch.load(second.last, weights_only=True)['optimizer']['state'].values()]
    assert set(map(int, steps)) == {20}  # ten iterations an epoch, none of them twice


def test_a_new_training_has_nothing_of_an_earlier_one(config, trained, tmp_path):
    """Also one that ends before it saves anything, and the one that then resumes."""
    shutil.copytree(trained, tmp_path / 'run')
    cfg_options = {'train_cfg.max_epochs': 1, 'train_dataloader.batch_size': 1000}
    for resume in (None, True):
        with pytest.raises(ValueError, match='batch_size is 1000'):  # in the second call as well: nothing was resumed
            train(config, tmp_path / 'run', resume=resume, cfg_options=cfg_options)
    assert best_checkpoint(tmp_path / 'run') is last_checkpoint(tmp_path / 'run') is None
    assert (tmp_path / 'run' / 'earlier_1' / 'epoch_2.pth').read_bytes() == (trained / 'epoch_2.pth').read_bytes()
    assert not (tmp_path / 'run' / 'earlier_2').exists()


def test_resume_without_a_checkpoint_starts_from_the_weights_of_the_config(config, tmp_path):
    with pytest.raises(OSError, match=r'none\.pth'):
        train(config, tmp_path, resume=True, cfg_options={'load_from': str(tmp_path / 'none.pth')})


def test_a_published_model_has_no_training_to_resume(config, tmp_path):
    with pytest.raises(ValueError, match=r'model\.safetensors'):
        train(config, tmp_path, resume='model.safetensors')


def test_weights_alone_have_no_training_to_resume(config, tmp_path):
    torch.save({'state_dict': {'head.fc.bias': torch.zeros(7)}}, tmp_path / 'weights.pth')
    with pytest.raises(CheckpointError, match=r'weights\.pth.* meta\.epoch, meta\.iter, message_hub, optimizer'):
        train(config, tmp_path / 'work', resume=tmp_path / 'weights.pth')


def test_a_work_dir_takes_one_training(config, tmp_path):
    with subprocess.Popen([sys.executable, '-c', HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          cwd=ROOT, text=True) as other:
        assert 'held\n' in iter(other.stdout.readline, '')  # onedl-mmpretrain prints a line of its own
        with pytest.raises(ValueError, match=str(tmp_path)):
            train(config, tmp_path)
        other.kill()
    assert [path.name for path in tmp_path.iterdir()] == ['.lock']  # nothing was written beside the other training


def test_refused_before_anything_is_written(config, tmp_path):
    with pytest.raises(ValueError, match=r'set data_preprocessor\.localization_size'):
        train(config, tmp_path / 'run', cfg_options={'model.data_preprocessor.localization_size': 24})
    assert not (tmp_path / 'run').exists()


def test_refused_before_the_first_step(config, tmp_path):
    with pytest.raises(ValueError, match='val_dataloader'):
        train(config, tmp_path / 'run', cfg_options={'val_dataloader.dataset.split': 'test'})
    assert not list((tmp_path / 'run').glob('*.pth'))
