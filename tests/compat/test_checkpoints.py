import copy
import os
import re
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint
from torch import nn

from emonext_mm.compat.config import prepare_train
from emonext_mm.utils.errors import CheckpointError
from tests.helpers.host_training import make_config
from tests.helpers.malicious import Call, save_malicious


def test_resume_restores_everything(trained, tmp_path):
    saved = CheckpointLoader.load_checkpoint(str(trained / 'epoch_1.pth'))
    cfg = make_config(tmp_path, resume=True, load_from=str(trained / 'epoch_1.pth'))
    cfg.train_cfg.max_epochs = 2
    runner = Runner.from_cfg(prepare_train(cfg))
    step = runner.model.train_step
    seen = {}

    def first_step(data, optim_wrapper):
        if not seen:
            seen['raw'] = copy.deepcopy(runner.model.state_dict())
            seen['moment'] = optim_wrapper.optimizer.state_dict()['state'][0]['exp_avg'].clone()
            seen['losses'] = runner.message_hub.get_scalar('train/loss').data[0].copy()
        return step(data, optim_wrapper)

    runner.model.train_step = first_step
    runner.train()
    assert (runner.epoch, runner.iter) == (2, 4)
    for key, value in seen['raw'].items():  # the file holds the averaged weights as state_dict
        torch.testing.assert_close(value, saved['ema_state_dict'][f'module.{key}'])
    torch.testing.assert_close(seen['moment'], saved['optimizer']['state'][0]['exp_avg'])
    np.testing.assert_array_equal(seen['losses'], saved['message_hub']['log_scalars']['train/loss'].data[0])
    assert len(seen['losses']) == 2


def test_loads_before_any_history_was_made(trained, monkeypatch):
    """As in a fresh process: MMEngine registers the statistics methods with the first ``HistoryBuffer``."""
    monkeypatch.setattr(HistoryBuffer, '_statistics_methods', {})
    checkpoint = CheckpointLoader.load_checkpoint(str(trained / 'epoch_1.pth'))
    assert checkpoint['message_hub']['log_scalars']['train/loss'].statistics('mean', 2) > 0


@pytest.mark.parametrize('module', [b'numpy.core', b'numpy._core'])
@pytest.mark.parametrize('value', [np.float32(1.5), np.float64(-2), np.int64(7), np.bool_(True), np.str_('text'),
                                   np.arange(6.0).reshape(2, 3), np.array(['a', 'bc'])])
def test_plain_values_of_numpy_are_read(tmp_path, value, module):
    """Under the names of NumPy 1 and of NumPy 2, whichever wrote the file."""
    torch.save(value, tmp_path / 'ours.pth')
    with zipfile.ZipFile(tmp_path / 'ours.pth') as ours, zipfile.ZipFile(tmp_path / 'theirs.pth', 'w') as theirs:
        for name in ours.namelist():
            content = ours.read(name)
            if name.endswith('data.pkl'):
                content, count = re.subn(rb'numpy\._?core(?=\.multiarray)', module, content)
                assert count == 1
            theirs.writestr(name, content)
    found = torch.load(tmp_path / 'theirs.pth', weights_only=True)
    np.testing.assert_array_equal(found, value)
    assert found.dtype == value.dtype


def payloads(marker):
    command = f'touch {marker}'
    initialiser = Call(getattr, HistoryBuffer, '__init__')
    namespace = Call(getattr, initialiser, '__globals__')
    return {
        'os.system': Call(os.system, command),
        'eval': Call(eval, f'__import__("os").system("{command}")'),
        'getattr of HistoryBuffer': initialiser,
        'getattr of a function': namespace,
        'getattr of a module': Call(getattr, Call(__import__, 'os'), 'system'),
        'method made up': [_Forged(HistoryBuffer, {'__init__': 1}), initialiser],
        'call of a method': Call(HistoryBuffer.mean, 1),
        'record dtype': np.zeros(1, [('a', 'i4'), ('b', 'O')]),
    }


class _Forged(Call):
    """A ``HistoryBuffer`` whose state brings statistics methods of its own."""

    def __init__(self, cls, methods):
        self.call = cls, (), {'statistics_methods': methods}


@pytest.mark.parametrize('name', payloads('x'))
def test_malicious_checkpoint_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(HistoryBuffer, '_statistics_methods', dict(HistoryBuffer._statistics_methods))
    path, marker = tmp_path / 'malicious.pth', tmp_path / 'marker'
    torch.save({'state_dict': {}, 'meta': {}, 'message_hub': payloads(marker)[name]}, path)
    with pytest.raises(CheckpointError, match=rf'^{re.escape(str(path))} .+ asks for .+ code.*$'):
        load_checkpoint(nn.Linear(1, 1), str(path))
    assert not marker.exists()


@pytest.mark.parametrize('resume', [False, True])
def test_runner_refuses_a_malicious_checkpoint(tmp_path, resume):
    path, marker = save_malicious(tmp_path / 'malicious.pth', tmp_path / 'marker'), tmp_path / 'marker'
    runner = Runner.from_cfg(prepare_train(make_config(tmp_path, load_from=str(path), resume=resume)))
    with pytest.raises(CheckpointError, match=r'malicious\.pth .+ asks for \w+\.system,'):
        runner.train()
    assert not marker.exists()


def test_foreign_weights_are_refused(tmp_path):
    path = tmp_path / 'foreign.pth'
    torch.save({'state_dict': {'other.weight': torch.zeros(2, 2), 'weight': torch.zeros(3, 3)}}, path)
    with pytest.raises(CheckpointError, match=r'\b2 entries .*\(other.weight, weight\) .*Linear \(weight, bias\)$'):
        load_checkpoint(nn.Linear(2, 2), str(path))


def test_weights_that_fit_in_part_are_loaded(tmp_path):
    """Fine-tuning needs it."""
    torch.save({'state_dict': {'other.weight': torch.zeros(2, 2), 'weight': torch.zeros(3, 3)}}, tmp_path / 'part.pth')
    model = nn.Linear(3, 3)
    load_checkpoint(model, str(tmp_path / 'part.pth'))
    assert not model.weight.any()
