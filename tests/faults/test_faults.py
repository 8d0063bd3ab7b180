"""A few faults; ``python -m tests.faults`` injects many."""
import os
import subprocess
import sys

import pytest

from tests.helpers.scripts import ROOT

CASES = ['kill within last_checkpoint 3', 'terminate_group after a step', 'kill_a_worker before', 'move']


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir('/proc'), reason='processes are found in /proc')
def test_a_training_ends_as_if_nothing_had_happened():
    """In a process of its own, whose forks have none of the threads of this one."""
    done = subprocess.run([sys.executable, '-m', 'tests.faults', '--kills', '1000', '--only', *CASES], cwd=ROOT,
                          capture_output=True, text=True,
                          env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)})
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(CASES) + 1
    assert all(line.startswith('ok ') for line in lines[:-1])
    assert f'{len(lines) - 1} cases, 0 wrong' in lines[-1]
