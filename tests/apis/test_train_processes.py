"""Two processes train as one does with their batches together."""
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from emonext_mm.apis.train import train
from tests.helpers.host_training import free_port
from tests.helpers.marks import ON_CPU
from tests.helpers.processes import ROOT

pytestmark = [ON_CPU, pytest.mark.slow]
COMMON = {'train_cfg.max_epochs': 1, 'default_hooks.checkpoint.save_best': None}
WITHOUT_STN = {'data_preprocessor.localization_size': None}  # so without BatchNorm
# BatchNorm subtracts them again, so that their gradients are nothing but rounding, which AdamW makes large.
WITHOUT_EFFECT = tuple(f'localization.features.{layer}' for layer in ('0.bias', '4.bias', '1.running_mean',
                                                                     '5.running_mean'))
RUNS = {'without_stn': WITHOUT_STN, 'local': {}, 'synchronised': {'sync_bn': 'torch'},
        'scaled': {'auto_scale_lr.enable': True, 'train_dataloader.dataset.num_samples': 14}}


@pytest.fixture(scope='module')
def read(scalars):
    """The log of a training and its checkpoint."""

    def get(work_dir):
        lines, validations = scalars(work_dir)
        log = {key: np.array([line[key] for line in lines]) for key in ('loss', 'loss_sa', 'lr')}
        log['accuracy'] = np.array([line['accuracy/top1'] for line in validations])
        return log, CheckpointLoader.load_checkpoint(str(work_dir / 'epoch_1.pth'), 'cpu')

    return get


@pytest.fixture(scope='module')
def alone(config, read, tmp_path_factory):
    folder = tmp_path_factory.mktemp('alone')
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name in ('without_stn', 'local'):
        train(config.with_name('full_precision.py'), folder / name, cfg_options={**COMMON, **RUNS[name]})
    torch.set_num_threads(threads)
    return {name: read(folder / name) for name in ('without_stn', 'local')}


@pytest.fixture(scope='module')
def together(config, read, tmp_path_factory):
    """Two processes with half of the batch each."""
    folder = tmp_path_factory.mktemp('together')
    runs = {name: {**COMMON, 'train_dataloader.batch_size': 7, **run} for name, run in RUNS.items()}
    command = ['-m', 'torch.distributed.run', '--nproc_per_node', '2', '--master_port', free_port(), '-m',
               'tests.helpers.train_runs', config.with_name('full_precision.py'), folder, json.dumps(runs)]
    done = subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name: read(folder / name) for name in runs}


def assert_same(one, other):
    """The same curve and weights within rounding, as they are validated (averages) and as they are trained."""
    assert len(one[0]['loss']) == 10
    for key, values in one[0].items():
        np.testing.assert_allclose(other[0][key], values, rtol=1e-5, err_msg=key)
    for part in ('state_dict', 'ema_state_dict'):
        for key, values in one[1][part].items():
            if not key.endswith(WITHOUT_EFFECT):
                torch.testing.assert_close(other[1][part][key], values, rtol=0, atol=2e-5, msg=key)


def test_same_curve_without_stn(alone, together):
    assert_same(alone['without_stn'], together['without_stn'])


def test_same_curve_with_synchronised_batch_norm(alone, together):
    assert_same(alone['local'], together['synchronised'])


def test_local_batch_norm_makes_a_small_difference(alone, together):
    difference = np.abs(together['local'][0]['loss'] - alone['local'][0]['loss'])
    assert 1e-5 < difference.max() < 0.05


def test_learning_rate_follows_the_batch_of_both(together):
    """--auto-scale-lr: 14 images in a step, where the learning rate is meant for 64."""
    found, unscaled = (together[name][0]['lr'][0] for name in ('scaled', 'local'))
    assert found == pytest.approx(unscaled * 14 / 64)
