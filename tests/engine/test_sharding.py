"""Two processes with shards train as two with whole models, to the same checkpoint, and resume from it."""
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

import emonext_mm.engine.hooks.sharded_ema
import emonext_mm.engine.sharding  # noqa: F401 (a config imports both)
from emonext_mm.apis.train import train
from tests.helpers.host_training import free_port
from tests.helpers.marks import ON_CPU
from tests.helpers.processes import ROOT

pytestmark = [ON_CPU, pytest.mark.slow]
WHOLE = {'optim_wrapper.clip_grad': {'max_norm': 0.5}, 'default_hooks.checkpoint.max_keep_ckpts': -1,
         'train_dataloader.batch_size': 7}
SHARDED = {**WHOLE, 'runner_type': 'FlexibleRunner',
           'strategy': {'type': 'ShardedStrategy', 'blocks': ['ConvNeXtBlock']},
           'custom_hooks': [{'type': 'ShardedEMAHook', 'momentum': 2e-3, 'gamma': 10, 'priority': 'ABOVE_NORMAL'}]}


def load(path):
    return CheckpointLoader.load_checkpoint(str(path), 'cpu')


@pytest.fixture(scope='module')
def folder(config, tmp_path_factory):
    folder = tmp_path_factory.mktemp('runs')
    resumed = {**SHARDED, 'resume': True, 'load_from': str(folder / 'sharded' / 'epoch_1.pth')}
    runs = {'whole': WHOLE, 'sharded': SHARDED, 'resumed': resumed}
    command = ['-m', 'torch.distributed.run', '--nproc_per_node', '2', '--master_port', free_port(), '-m',
               'tests.helpers.train_runs', config.with_name('full_precision.py'), folder, json.dumps(runs)]
    done = subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def assert_close(one, other, **tolerance):
    assert one.keys() == other.keys()
    for key, value in one.items():
        if key.endswith(('features.0.bias', 'features.4.bias', 'running_mean')):
            continue  # of a bias before a BatchNorm, whose gradient is nothing but rounding
        torch.testing.assert_close(other[key], value, **tolerance, msg=lambda text, key=key: f'{key}: {text}')


def test_same_curve(folder, scalars):
    """Also the norm of the gradients, to which they are clipped."""
    (whole, validated), (sharded, validated_shards) = (scalars(folder / name) for name in ('whole', 'sharded'))
    assert len(whole) == 20
    for key in ('loss', 'loss_sa', 'grad_norm', 'lr'):
        np.testing.assert_allclose([line[key] for line in sharded], [line[key] for line in whole], rtol=1e-3,
                                   err_msg=key)
    assert max(line['grad_norm'] for line in whole) > 0.5
    for key in ('accuracy/top1', 'single-label/recall'):
        assert [line[key] for line in validated_shards] == [line[key] for line in validated]


@pytest.mark.parametrize('epoch', [1, 2])
def test_same_checkpoint(folder, epoch):
    """Averages and raw weights, whole and under the same keys."""
    whole, sharded = (load(folder / name / f'epoch_{epoch}.pth') for name in ('whole', 'sharded'))
    for part in ('state_dict', 'ema_state_dict'):
        assert_close(whole[part], sharded[part], rtol=0, atol=2e-4)
    assert not torch.equal(sharded['state_dict']['head.fc.weight'], sharded['ema_state_dict']['module.head.fc.weight'])


def test_resumes_as_if_nothing_had_happened(folder, scalars):
    assert [line['step'] for line in scalars(folder / 'resumed')[0]] == [*range(11, 21)]
    one, other = (load(folder / name / 'epoch_2.pth') for name in ('sharded', 'resumed'))
    for part in ('state_dict', 'ema_state_dict'):
        assert_close(one[part], other[part], rtol=0, atol=0)


def test_needs_several_processes(config, tmp_path):
    with pytest.raises(ValueError, match=r'dist_train\.sh'):
        train(config, tmp_path, cfg_options=SHARDED)
