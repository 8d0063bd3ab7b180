"""With a stand-in for sbatch that notes its arguments; .ci/slurm submits to a real Slurm."""
import os
import stat
import sys

import pytest

from emonext_mm.experiments.slurm import submit

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='Slurm is not on Windows')
SBATCH = """#!/bin/sh
echo "$(basename $0) $*" >>"$NOTES"
case "$*" in *refuse*) echo 'sbatch: error: Invalid partition' >&2; exit 1;; esac
[ "$(basename $0)" = scancel ] || wc -l <"$NOTES"
"""


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """The calls so far; a job's number is that of its line."""
    for name in ('sbatch', 'scancel'):
        path = tmp_path / 'bin' / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(SBATCH)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv('PATH', f'{tmp_path / "bin"}{os.pathsep}{os.environ["PATH"]}')
    monkeypatch.setenv('NOTES', str(tmp_path / 'notes'))
    return tmp_path / 'notes'


def test_array_and_table(notes, tmp_path):
    out = tmp_path / 'out'
    jobs = submit(tmp_path, ['list.yml', '--seeds', '0'], [1, 4], out, ['--partition=gpu', '--gpus=1'])
    assert jobs == ('1', '2', 2)
    array, collecting = notes.read_text().splitlines()
    command = f'{tmp_path}/slurm_job.sh {sys.executable} {tmp_path}/run_experiments.py list.yml --seeds 0'
    assert array == (f'sbatch --parsable --partition=gpu --gpus=1 --array=1,4 --output={out}/slurm_%A_%a.log '
                     f'{command}')
    assert collecting == (f'sbatch --parsable --partition=gpu --dependency=afterany:1 --output={out}/slurm_%j.log '
                          f'{command} --collect')


def test_refused(notes, tmp_path):
    with pytest.raises(RuntimeError, match='Invalid partition'):
        submit(tmp_path, [], [0], tmp_path / 'out', ['--partition=refuse'])
    assert len(notes.read_text().splitlines()) == 1


def test_without_its_table_the_array_is_cancelled(notes, tmp_path):
    """The second job is refused."""
    path = tmp_path / 'bin' / 'sbatch'
    path.write_text(path.read_text().replace('*refuse*', '*afterany*'))
    with pytest.raises(RuntimeError, match='Invalid partition'):
        submit(tmp_path, [], [0], tmp_path / 'out', [])
    assert notes.read_text().splitlines()[-1] == 'scancel 1'


def test_no_slurm(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='sbatch'):
        submit(tmp_path, [], [0], tmp_path / 'out', [])
