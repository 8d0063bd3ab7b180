import _codecs
import copy
import os
import re
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MMLogger
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint
from mmpretrain import ImageClassificationInferencer, get_model
from torch import _weights_only_unpickler, nn

from emonext_mm.compat.config import prepare_test, prepare_train
from emonext_mm.utils.checkpoints import read_checkpoint
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


def test_bytes_as_numpy_1_pickles_them(tmp_path, monkeypatch):
    """With a torch that does not know the name, as the oldest that is supported."""
    value = np.arange(256, dtype=np.uint8)
    torch.save({'value': value}, tmp_path / 'numpy.pth')
    known = dict(_weights_only_unpickler._get_allowed_globals())
    known.pop('_codecs.encode', None)
    monkeypatch.setattr(_weights_only_unpickler, '_get_allowed_globals', lambda: known)
    with zipfile.ZipFile(tmp_path / 'numpy.pth') as archive:
        assert any(b'_codecs' in archive.read(name) for name in archive.namelist())
    np.testing.assert_array_equal(read_checkpoint(tmp_path / 'numpy.pth')['value'], value)
    torch.save({'value': Call(_codecs.encode, b'x', 'zlib')}, tmp_path / 'other.pth')
    with pytest.raises(CheckpointError, match=r"asks for _codecs\.encode\(bytes, 'zlib'\), which could run code"):
        read_checkpoint(tmp_path / 'other.pth')


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


def test_a_config_in_a_checkpoint_is_not_run(trained, tmp_path):
    """MMEngine executes the text ``meta.config`` as Python when it resumes."""
    content = torch.load(trained / 'epoch_1.pth', weights_only=True)
    marker = tmp_path / 'marker'
    content['meta']['config'] = f'from pathlib import Path\nPath({str(marker)!r}).touch()\n'
    torch.save(content, tmp_path / 'forged.pth')
    cfg = make_config(tmp_path, resume=True, load_from=str(tmp_path / 'forged.pth'))
    cfg.train_cfg.max_epochs = 1
    runner = Runner.from_cfg(prepare_train(cfg))
    runner.train()
    assert runner.epoch == 1
    assert not marker.exists()


def test_foreign_weights_are_refused(tmp_path):
    path = tmp_path / 'foreign.pth'
    torch.save({'state_dict': {'other.weight': torch.zeros(2, 2), 'weight': torch.zeros(3, 3)}}, path)
    with pytest.raises(CheckpointError, match=r'\b2 entries .*\(other.weight, weight\) .*Linear \(weight, bias\)$'):
        load_checkpoint(nn.Linear(2, 2), str(path))


def test_weights_that_fit_in_part_are_loaded_where_a_part_is_asked_for(tmp_path):
    """As ``init_cfg`` does."""
    path = tmp_path / 'part.pth'
    torch.save({'state_dict': {'other.weight': torch.zeros(2, 2), 'weight': torch.zeros(3, 3)}}, path)
    misfit = r'1 missing \(bias\); 1 unexpected \(other\.weight\)'
    with pytest.raises(CheckpointError, match=rf'^{path} .*Linear: {misfit}$'):
        load_checkpoint(nn.Linear(3, 3), str(path))
    model = nn.Linear(3, 3)
    logger = MMLogger('part', log_file=str(tmp_path / 'log'))
    load_checkpoint(model, str(path), strict=False, logger=logger)
    assert not model.weight.any()
    assert re.search(misfit, (tmp_path / 'log').read_text())


def forge(trained, path, change):
    """A copy of the checkpoint of the toy training, after a change."""
    content = torch.load(trained / 'epoch_1.pth', weights_only=True)
    change(content)
    torch.save(content, path)
    return path


def set_nan(weights, key):
    weights[key] = weights[key].clone()
    weights[key].flatten()[1] = torch.nan


CHANGES = {
    'no head': (lambda c: [c['state_dict'].pop(f'head.fc.{key}') for key in ('weight', 'bias')],
                r'2 missing \(head\.fc\.\w+, head\.fc\.\w+\)'),
    'other head': (lambda c: c['state_dict'].update({'head.fc.bias': torch.zeros(8)}),
                   r'1 of another shape \(head\.fc\.bias\), the first \(8,\) instead of \(2,\)'),
    'more': (lambda c: c['state_dict'].update({'extra': torch.zeros(8)}), r'1 unexpected \(extra\)'),
    'not a number': (lambda c: set_nan(c['state_dict'], 'head.fc.weight'), r'1 of the \d+ numbers of head\.fc\.weight'),
}
AVERAGES = {
    'average without a layer': (lambda c: c['ema_state_dict'].pop('module.head.fc.bias'),
                                r'1 missing \(head\.fc\.bias\)'),
    'average not a number': (lambda c: set_nan(c['ema_state_dict'], 'module.head.fc.weight'),
                             r'1 of the \d+ numbers of head\.fc\.weight'),
    'average of another shape': (lambda c: c['ema_state_dict'].update({'module.head.fc.bias': torch.zeros(8)}),
                                 r'\(head\.fc\.bias\), the first \(8,\) instead of \(2,\)'),
}


@pytest.mark.parametrize('change', CHANGES)
def test_a_test_needs_the_whole_model(trained, tmp_path, change):
    change, told = CHANGES[change]
    path = forge(trained, tmp_path / 'part.pth', change)
    runner = Runner.from_cfg(prepare_test(make_config(tmp_path, load_from=str(path))))
    with pytest.raises(CheckpointError, match=rf'^{path} .*{told}'):
        runner.test()


@pytest.mark.parametrize('change', {**CHANGES, **AVERAGES})
def test_a_resumed_training_needs_the_whole_model(trained, tmp_path, change):
    change, told = {**CHANGES, **AVERAGES}[change]
    path = forge(trained, tmp_path / 'part.pth', change)
    cfg = make_config(tmp_path, load_from=str(path), resume=True)
    cfg.custom_hooks[0]['type'] = 'mmpretrain.EMAHook'
    with pytest.raises(CheckpointError, match=rf'^{path} .*{told}'):
        Runner.from_cfg(prepare_train(cfg)).train()


@pytest.mark.parametrize('change', AVERAGES)
def test_a_test_of_the_raw_weights_needs_the_whole_average(trained, tmp_path, change):
    change, told = AVERAGES[change]
    path = forge(trained, tmp_path / 'part.pth', change)
    cfg = make_config(tmp_path, load_from=str(path))
    cfg.custom_hooks[0].update(evaluate_on_ema=False, evaluate_on_origin=True)
    with pytest.raises(CheckpointError, match=rf'^{path} .*{told}'):
        Runner.from_cfg(prepare_test(cfg)).test()


def test_a_new_training_takes_a_part_and_says_which(trained, tmp_path):
    path = forge(trained, tmp_path / 'part.pth', CHANGES['other head'][0])
    assert 'ema_state_dict' in torch.load(path)
    runner = Runner.from_cfg(prepare_train(make_config(tmp_path, load_from=str(path))))
    runner.train()
    assert runner.iter == 2
    log, = tmp_path.glob('*/*.log')
    assert re.search(CHANGES['other head'][1], log.read_text())


def test_a_prediction_needs_the_whole_model(trained, tmp_path):
    path = forge(trained, tmp_path / 'part.pth', CHANGES['no head'][0])
    with pytest.raises(CheckpointError, match=rf'^{path} .*{CHANGES["no head"][1]}'):
        get_model(make_config(tmp_path), str(path))
    whole = get_model(make_config(tmp_path), str(trained / 'epoch_1.pth'))
    with pytest.raises(CheckpointError, match=CHANGES['no head'][1]):
        ImageClassificationInferencer(whole, str(path))


def test_a_prediction_needs_a_name_for_each_class(trained, tmp_path):
    content = torch.load(trained / 'epoch_1.pth', weights_only=False)
    content['meta']['dataset_meta']['classes'] = ('only', )
    path = tmp_path / 'few.pth'
    torch.save(content, path)
    whole = get_model(make_config(tmp_path), str(trained / 'epoch_1.pth'))
    for load in (lambda: get_model(make_config(tmp_path), str(path)),
                 lambda: ImageClassificationInferencer(whole, str(path))):
        with pytest.raises(ValueError, match=rf'^{path}: 1 class names \(only\), for a model of 2 classes'):
            load()
    load_checkpoint(whole, str(path), strict=False)  # the start of another training
