"""The host as the tools set it up; runs of the tools on a tiny config, and the one tiny model trained with it."""
import contextlib
import gc
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from emonext_mm import compat
from tests.helpers.fer2013_files import make_faces, write_fer2013
from tests.helpers.host_training import free_port
from tests.helpers.scripts import ROOT, run_script

compat.setup()

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
def data_root(tmp_path_factory):
    """Folder of a small FER2013 of noise."""
    folder = tmp_path_factory.mktemp('fer2013')
    write_fer2013(folder, make_faces())
    return str(folder)


@pytest.fixture(scope='session', autouse=True)
def unformatted():
    """No runner of this process formats its config: five times are four fifths of the time of a run of one step."""
    with pytest.MonkeyPatch.context() as patcher:
        patcher.setattr('mmengine.config.config.FormatCode', lambda text, **_: (text, False))
        yield


@pytest.fixture(scope='module', autouse=True)
def frozen():
    """What imports and earlier modules have left behind is no garbage: each data set looks for some twice."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope='session')
def shared(tmp_path_factory):
    """Folder of the session, locked while it is used; with pytest-xdist one for all workers."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if 'PYTEST_XDIST_WORKER' in os.environ else folder) / 'shared'
    folder.mkdir(exist_ok=True)

    @contextlib.contextmanager
    def lock():
        with FileLock(folder / '.lock'):
            yield folder

    return lock


@pytest.fixture(scope='session')
def config(shared):
    """The tiny config; ``full_precision.py`` is beside it."""
    with shared() as folder:
        for name, text in {'tiny.py': TINY, 'full_precision.py': FULL_PRECISION}.items():
            if not (folder / name).exists():
                (folder / name).write_text(text)
        return folder / 'tiny.py'


@pytest.fixture(scope='session')
def run_tool():
    """Run ``tools/<name>`` in a new process; return the finished process with its output."""

    def run(name, *args, **env):
        command = [sys.executable] if name.endswith('.py') else ['bash']
        environment = {
            **os.environ,
            'CUDA_VISIBLE_DEVICES': '',
            'OMP_NUM_THREADS': '1',
            'PATH': f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}',  # torchrun
            'PYTHONPATH': str(ROOT),
            'PORT': free_port(),
            **env,
        }
        command += [ROOT / 'tools' / name, *args]
        return subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)

    return run


@pytest.fixture(scope='session')
def call_tool():
    """Run ``tools/<name>`` as a script in this process, which saves the imports."""
    return lambda name, *args: run_script(ROOT / 'tools' / name, *args)


@pytest.fixture
def error_of(call_tool, capfd):
    """Return the one line of error of ``tools/<name>``, run in this process."""

    def get(name, *args):
        with pytest.raises(SystemExit) as end:
            call_tool(name, *args)
        assert 'Traceback' not in capfd.readouterr().err
        return check_line(end.value.code)

    return get


@pytest.fixture(scope='session')
def error_of_run():
    """Return the one line of error of a finished process."""

    def get(run):
        assert run.returncode == 1
        assert 'Traceback' not in run.stderr
        return check_line(run.stderr.rstrip('\n').rpartition('\n')[2])

    return get


@pytest.fixture(scope='session')
def trained(config, shared, call_tool):
    """Work dir of two epochs of ten iterations, with both checkpoints and ``stdout.txt``."""
    with shared() as folder:
        work_dir = folder / 'trained'
        if not (work_dir / 'stdout.txt').exists():
            shutil.rmtree(work_dir, ignore_errors=True)  # of a worker that was killed
            with contextlib.redirect_stdout(io.StringIO()) as output:
                call_tool('train.py', config, '--work-dir', work_dir,
                          '--cfg-options', 'default_hooks.checkpoint.max_keep_ckpts=-1')
            (work_dir / 'stdout.txt').write_text(output.getvalue())
        return work_dir


@pytest.fixture(scope='session')
def scalars():
    """Return the logs of the training iterations and of the validations in a work dir, oldest run first."""

    def read(work_dir):
        lines = [json.loads(line) for path in sorted(work_dir.glob('*/vis_data/scalars.json'))
                 for line in path.read_text().splitlines()]
        return [line for line in lines if 'loss' in line], [line for line in lines if 'accuracy/top1' in line]

    return read


@pytest.fixture
def undrawn(monkeypatch):
    """Parameters are allocated but not drawn: an xlarge model in no time."""
    for draw in ('kaiming_uniform_', 'trunc_normal_', 'uniform_'):
        monkeypatch.setattr(torch.nn.init, draw, lambda tensor, *args, **kwargs: tensor)


def check_line(message):
    assert isinstance(message, str)
    assert message.startswith('error: ')
    assert '\n' not in message
    return message
