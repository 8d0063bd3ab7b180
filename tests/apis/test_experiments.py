"""With tests/helpers/fake_tool.py in place of tools/train.py and tools/test.py."""
import json

import pytest

from emonext_mm.apis import experiments
from emonext_mm.apis.experiments import run_experiments
from emonext_mm.experiments.results import format_table
from tests.helpers.fake_tool import install


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """A list of two runs; the tools beside it are the fake ones."""
    install(tmp_path / 'tools')
    monkeypatch.setattr(experiments, 'find_root', lambda: tmp_path)
    monkeypatch.setattr(experiments, 'find_devices', lambda: [None])
    monkeypatch.delenv('FAKE_TOOL', raising=False)
    (tmp_path / 'it.py').write_text('train_cfg = dict(max_epochs=3)')
    (tmp_path / 'list.yml').write_text('runs: {a: {config: it.py, paper: 12.5}, b: {config: it.py, options: [x=1]}}')
    return tmp_path / 'list.yml'


def test_results_and_files(listed, tmp_path):
    result = run_experiments(listed, seeds=[0, 1], out=tmp_path / 'out')
    assert (result.total, result.failures) == (4, ())
    assert result.files == (tmp_path / 'out' / 'results.json', tmp_path / 'out' / 'table.md')
    assert json.loads(result.files[0].read_text()) == result.results
    assert result.files[1].read_text() == result.table == format_table(result.results)
    rows = result.results['rows']
    assert [(row['name'], row['seeds'], row['paper']) for row in rows] == [('a', [0, 1], 12.5), ('b', [0, 1], None)]
    assert [row['single']['accuracy']['mean'] for row in rows] == [50, 50]  # one of two samples


def test_some_runs_with_options_in_the_default_folder(listed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run_experiments(listed, only=['b'], options=['train_cfg.max_epochs=4'])
    run, = result.results['runs']
    assert run['options'] == ['x=1', 'train_cfg.max_epochs=4', 'randomness.seed=0']
    assert (tmp_path / 'work_dirs' / 'list' / 'b' / 'seed_0' / 'single.json').is_file()
    assert result.files[0].resolve() == tmp_path / 'work_dirs' / 'list' / 'results.json'


def test_failures_stand_beside_the_results(listed, tmp_path, monkeypatch):
    monkeypatch.setenv('FAKE_TOOL', 'fail')
    result = run_experiments(listed, out=tmp_path / 'out')
    assert [row['name'] for row in result.results['rows']] == ['a']
    failure, = result.failures
    assert failure.startswith('b, seed 0: ')
    assert 'it is wrong' in failure
    only_failures = run_experiments(listed, only=['b'], out=tmp_path / 'out')
    assert (only_failures.files, only_failures.table, only_failures.total) == ((), '', 1)


def test_without_tools(listed, tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, 'find_root', lambda: None)
    with pytest.raises(FileNotFoundError, match='tools'):
        run_experiments(listed, out=tmp_path / 'out')
