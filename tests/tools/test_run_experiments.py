"""tools/run_experiments.py, with one real training and test of two tiny experiments: six processes."""
import json
import signal
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from emonext_mm.apis.experiments import run_experiments
from emonext_mm.evaluation.predictions import read_predictions

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def listed(config):
    (config.parent / 'list.yml').write_text("""
options: [train_cfg.max_epochs=1, train_dataloader.dataset.num_samples=28, val_dataloader.dataset.num_samples=14,
          test_dataloader.dataset.num_samples=14]
runs:
  whole: {config: tiny.py, paper: 12.5}
  without_stn: {config: tiny.py, options: [data_preprocessor.localization_size=None]}
""")
    return config.parent / 'list.yml'


@pytest.fixture(scope='module')
def ran(listed, tmp_path_factory):
    """Output folder and progress of the real tools; both runs at the same time."""
    out, progress = tmp_path_factory.mktemp('experiments'), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(progress):
        for name, value in dict(CUDA_VISIBLE_DEVICES='', OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT)).items():
            patch.setenv(name, value)
        patch.setattr('emonext_mm.apis.experiments.find_devices', lambda: [None, None])
        result = run_experiments(listed, out=out)
    assert result.failures == (), progress.getvalue()
    return out, progress.getvalue()


def test_results(ran):
    out, progress = ran
    assert 'whole, seed 0: epoch 1 of 1, accuracy/top1: ' in progress
    results = json.loads((out / 'results.json').read_text())
    assert [row['paper'] for row in results['rows']] == [12.5, None]
    for result in results['runs']:
        assert result['tested_on'] == 'SyntheticFER test'
        for test, views in (('single', 1), ('ten_crop', 10)):
            tested = read_predictions(out / result['name'] / 'seed_0' / f'{test}.json')
            assert tested.conditions['views'] == views
            assert result[test]['accuracy'] == pytest.approx(100 * (tested.labels == tested.predicted).mean())
        assert result['hours'] > 0
        assert result['memory_gb'] > 0.1


def test_rerun(ran, listed, call_tool, capfd):
    """Everything is finished; the table is printed, and the files are the same."""
    out, _ = ran
    before = [(out / name).read_bytes() for name in ('results.json', 'table.md')]
    handler = signal.getsignal(signal.SIGTERM)
    call_tool('run_experiments.py', listed, '--out', out)
    printed = capfd.readouterr().out
    assert printed.count('already finished') == 2
    for part in ((out / 'table.md').read_text(), f'{out}/results.json', f'{out}/table.md'):
        assert part in printed
    assert signal.getsignal(signal.SIGTERM) is handler
    assert [(out / name).read_bytes() for name in ('results.json', 'table.md')] == before


def test_only(ran, listed, call_tool, error_of, capfd):
    """The other run is not looked at again, and stays in the table."""
    call_tool('run_experiments.py', listed, '--out', ran[0], '--only', 'whole')
    assert capfd.readouterr().out.count('already finished') == 1
    rows = json.loads((ran[0] / 'results.json').read_text())['rows']
    assert [row['name'] for row in rows] == ['whole', 'without_stn']
    assert 'part' in error_of('run_experiments.py', listed, '--only', 'whole', 'part')


def test_some_fail(ran, listed, call_tool, capfd):
    """The exit status is not 0, and the error names them."""
    with pytest.raises(SystemExit) as end:
        call_tool('run_experiments.py', listed, '--out', ran[0], '--cfg-options', 'train_cfg.max_epochs=2')
    first, *others = end.value.code.splitlines()
    assert first.startswith('error: 2 of 2 ')
    assert [line.partition(',')[0] for line in others] == ['whole', 'without_stn']
    assert all('max_epochs' in line for line in others)


def test_interrupted(listed, call_tool, monkeypatch):
    """SIGTERM stops as Ctrl-C does; the last line tells how to resume."""
    def stop(*_):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr('emonext_mm.apis.experiments.run_experiments', stop)
    with pytest.raises(SystemExit, match='resume'):
        call_tool('run_experiments.py', listed)


def test_wrong_list(error_of, tmp_path):
    (tmp_path / 'list.yml').write_text('runs: {a: {}}')
    assert "list.yml, a: there is no 'config'" in error_of('run_experiments.py', tmp_path / 'list.yml')


def test_slurm(ran, listed, call_tool, monkeypatch, capfd):
    """Everything after --slurm goes to sbatch."""
    calls = []
    monkeypatch.setattr('emonext_mm.apis.experiments.submit', lambda *args: calls.append(args) or 'submitted')
    call_tool('run_experiments.py', listed, '--out', ran[0], '--seeds', 0, 1, '--slurm', '--partition=gpu', '-n1')
    assert capfd.readouterr().out.strip() == 'submitted'
    _, command, tasks, out, options = calls.pop()
    assert (tasks, out, options) == ([1, 3], ran[0], ['--partition=gpu', '-n1'])
    assert command[command.index('--seeds'):] == ['--seeds', '0', '1']
    call_tool('run_experiments.py', listed, '--out', ran[0], '--slurm')
    assert '--collect' in capfd.readouterr().out
    assert not calls


def test_collect(ran, listed, call_tool, capfd):
    call_tool('run_experiments.py', listed, '--out', ran[0], '--collect')
    assert (ran[0] / 'table.md').read_text() in capfd.readouterr().out
    with pytest.raises(SystemExit) as end:
        call_tool('run_experiments.py', listed, '--out', ran[0], '--collect', '--seeds', 0, 7)
    assert 'without_stn, seed 7: not finished' in end.value.code
