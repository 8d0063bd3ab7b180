"""tools/dist_train.sh on two machines, as which two calls on this one pass."""
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mmengine.runner.checkpoint import CheckpointLoader

from tests.helpers.host_training import free_port
from tests.helpers.marks import ON_CPU
from tests.helpers.processes import ROOT

pytestmark = [ON_CPU, pytest.mark.slow]


def test_a_process_dies_and_all_resume(config, run_tool, scalars, tmp_path):
    """The process of one machine is killed in the second epoch; both start again from the first checkpoint."""
    world = dict(NNODES='2', MASTER_ADDR='127.0.0.1', PORT=free_port(), MAX_RESTARTS='5')

    def run(_):
        return run_tool('dist_train.sh', config, 1, '--work-dir', tmp_path, '--cfg-options',
                        'train_dataloader.batch_size=7', 'custom_hooks.1.kill_after_iter=15',
                        'custom_hooks.1.kill_rank=1', **world)

    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(run, range(2)):
            assert done.returncode == 0, done.stderr
    lines, validations = scalars(tmp_path)
    steps = [line['step'] for line in lines]
    assert steps[-10:] == [*range(11, 21)]
    again = steps[:-10]  # until the first process noticed
    assert again in ([*range(1, 15)], [*range(1, 16)])
    assert [line['loss'] for line in lines[10:14]] == [line['loss'] for line in lines[-10:-6]]
    assert [line['step'] for line in validations] == [1, 2]
    assert CheckpointLoader.load_checkpoint(str(tmp_path / 'epoch_2.pth'), 'cpu')['meta']['epoch'] == 2


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGTERM, 143), (signal.SIGUSR1, 138)])
def test_a_signal_to_the_script_stops_and_saves(config, tmp_path, number, status):
    env = {**os.environ, 'PORT': str(free_port()), 'CUDA_VISIBLE_DEVICES': '', 'PYTHONPATH': str(ROOT),
           'PATH': f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'}  # of torchrun
    with open(tmp_path / 'log', 'w') as log, subprocess.Popen(
            ['bash', ROOT / 'tools' / 'dist_train.sh', config, '2', '--work-dir', tmp_path / 'run', '--cfg-options',
             'train_dataloader.batch_size=7', 'train_cfg.max_epochs=1000'], stdout=log, stderr=log, cwd=ROOT,
            env=env) as process:
        end = time.monotonic() + 100
        while ('Epoch(val) [1]' not in (tmp_path / 'log').read_text() and process.poll() is None
               and time.monotonic() < end):
            time.sleep(0.1)
        process.send_signal(number)
        assert process.wait(60) == status
    lines = [line for line in (tmp_path / 'log').read_text().splitlines() if line.startswith('interrupted by ')]
    assert len(lines) == 1
    assert str(tmp_path / 'run' / 'epoch_') in lines[0]
