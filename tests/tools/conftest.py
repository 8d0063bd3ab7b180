"""Runs of the command lines on a tiny config, most of them shared. On the CPU, also where there is a GPU."""
import json
import os
import runpy
import socket
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from mmengine.logging import MMLogger

ROOT = Path(__file__).parents[2]
TINY = f"""
_base_ = {str(ROOT / 'configs' / 'emonext_atto_synthetic.py')!r}
custom_imports = dict(imports=['emonext_mm', 'tests.helpers.probes'])
model = dict(
    backbone=dict(arch=dict(_delete_=True, depths=[1] * 4, channels=[16] * 4)),
    head=dict(in_channels=16),
)
train_dataloader = dict(batch_size=14, dataset=dict(num_samples=140))
val_dataloader = dict(dataset=dict(num_samples=140))
test_dataloader = dict(dataset=dict(num_samples=140))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=5),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=2)
custom_hooks = [*_base_.custom_hooks, dict(type='Probe')]
default_hooks = dict(logger=dict(interval=1))
"""
FULL_PRECISION = """
_base_ = 'tiny.py'
optim_wrapper = dict(_delete_=True, type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3))
"""


@pytest.fixture(scope='session')
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp('configs')
    (folder / 'tiny.py').write_text(TINY)
    (folder / 'full_precision.py').write_text(FULL_PRECISION)
    return folder / 'tiny.py'


@pytest.fixture(scope='session')
def run_tool():
    """Run ``tools/<name>`` in a process of its own; return it finished, with what it printed."""

    def run(name, *args, **env):
        command = [sys.executable] if name.endswith('.py') else ['bash']
        environment = {
            **os.environ,
            'CUDA_VISIBLE_DEVICES': '',
            'OMP_NUM_THREADS': '1',
            'PATH': f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}',  # torchrun
            'PYTHONPATH': str(ROOT),
            'PORT': str(free_port()),
            **env,
        }
        command += [ROOT / 'tools' / name, *args]
        return subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)

    return run


@pytest.fixture
def call_tool(monkeypatch):
    """Run ``tools/<name>`` as a script in this process, which saves the imports."""

    def call(name, *args):
        monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
        monkeypatch.syspath_prepend(ROOT / 'tools')
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
        monkeypatch.setenv('LOCAL_RANK', '0')  # the host sets it; this takes it back
        monkeypatch.setattr(MMLogger, '_instance_dict', OrderedDict())  # others' write to a stream that is closed
        runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')

    return call


@pytest.fixture
def error_of(call_tool, capfd):
    """The one line with which ``tools/<name>`` ends."""

    def get(name, *args):
        with pytest.raises(SystemExit) as end:
            call_tool(name, *args)
        assert 'Traceback' not in capfd.readouterr().err
        return check_line(end.value.code)

    return get


@pytest.fixture(scope='session')
def error_of_run():
    """The same of a process that has ended."""

    def get(run):
        assert run.returncode == 1
        assert 'Traceback' not in run.stderr
        return check_line(run.stderr.rstrip('\n').rpartition('\n')[2])

    return get


@pytest.fixture(scope='session')
def trained(config, run_tool, tmp_path_factory):
    """The work dir of two epochs of ten iterations, both checkpoints kept."""
    work_dir = tmp_path_factory.mktemp('trained')
    run = run_tool('train.py', config, '--work-dir', work_dir,
                   '--cfg-options', 'default_hooks.checkpoint.max_keep_ckpts=-1')
    assert run.returncode == 0, run.stderr
    (work_dir / 'stdout.txt').write_text(run.stdout)
    return work_dir


@pytest.fixture(scope='session')
def scalars():
    """What the runs in a work dir logged, oldest first: the training iterations, the validations."""

    def read(work_dir):
        lines = [json.loads(line) for path in sorted(work_dir.glob('*/vis_data/scalars.json'))
                 for line in path.read_text().splitlines()]
        return [line for line in lines if 'loss' in line], [line for line in lines if 'accuracy/top1' in line]

    return read


def check_line(message):
    assert isinstance(message, str)
    assert message.startswith('error: ')
    assert '\n' not in message
    return message


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
