"""Experiments as a job array of Slurm, one job an experiment."""
from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class SlurmJobs(NamedTuple):
    """Submitted jobs."""

    array: str  # number of the array
    collecting: str  # number of the job that writes the table when the array has ended
    count: int  # number of experiments

    def __str__(self) -> str:
        return (f'submitted {self.count} experiments as the array {self.array}; job {self.collecting} then writes the '
                'table')


def submit(tools: Path, arguments: Sequence[str], tasks: Sequence[int], out: Path, options: Sequence[str]) -> SlurmJobs:
    """Submit an array, one job for each experiment, and a job that writes the table when all of them have ended.

    The jobs run ``tools/slurm_job.sh``, which requeues a job that is preempted or reaches its time limit. Their output
    is in ``<out>/slurm_<array>_<index>.log``.

    Args:
        tools: folder of the tools.
        arguments: the list and its options, for ``run_experiments.py``.
        tasks: indices of the experiments.
        out: folder, which is made.
        options: options of ``sbatch`` for the array, which precede ours.

    Raises:
        FileNotFoundError: there is no ``sbatch``.
        RuntimeError: ``sbatch`` refused a job; an array that was submitted is cancelled.
    """
    out.mkdir(parents=True, exist_ok=True)
    command = [tools / 'slurm_job.sh', sys.executable, tools / 'run_experiments.py', *arguments]
    array = _sbatch(*options, f'--array={",".join(map(str, tasks))}', f'--output={out}/slurm_%A_%a.log', *command)
    try:
        collecting = _sbatch(*_of_all_jobs(options), f'--dependency=afterany:{array}',
                             f'--output={out}/slurm_%j.log', *command, '--collect')
    except RuntimeError:
        subprocess.run(['scancel', array], check=False)
        raise
    return SlurmJobs(array, collecting, len(tasks))


def _of_all_jobs(options: Sequence[str]) -> list[str]:
    """Options that say where a job may run, without those that ask for resources."""
    return [option for option in options if option.partition('=')[0] in ('--partition', '--account', '--qos')]


def _sbatch(*args: str | Path) -> str:
    if shutil.which('sbatch') is None:
        raise FileNotFoundError('there is no sbatch on this machine: --slurm works where jobs are submitted')
    done = subprocess.run(['sbatch', '--parsable', *map(str, args)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f'sbatch refused the job: {" ".join(done.stderr.split())}')
    return done.stdout.strip().partition(';')[0]  # the name of a cluster may follow
