"""Fresh processes."""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_python(*args, **environment):
    """Run Python with these arguments in the project's root and return its output, errors included.

    A variable whose value is None is taken out of the environment.
    """
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1', **environment}
    run = subprocess.run([sys.executable, *map(str, args)], cwd=ROOT, text=True, timeout=300, check=False,
                         env={key: value for key, value in env.items() if value is not None},
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert run.returncode == 0, run.stdout
    return run.stdout


def run_together(runs):
    """Run several ``(arguments, environment)`` of :func:`run_python` at the same time; return their outputs."""
    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(lambda run: run_python(*run[0], **run[1]), runs))
