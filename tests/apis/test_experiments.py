"""With tests/helpers/fake_tool.py in place of tools/train.py and tools/test.py."""
import json

import pytest

from emonext_mm.apis import experiments
from emonext_mm.apis.experiments import collect_experiments, run_experiments, submit_experiments
from emonext_mm.experiments.results import format_table
from tests.helpers.fake_tool import install


@pytest.fixture
def listed(config, tmp_path, monkeypatch):
    """A list of two runs; the tools beside it are the fake ones."""
    install(tmp_path / 'tools')
    monkeypatch.setattr(experiments, 'find_root', lambda: tmp_path)
    monkeypatch.setattr(experiments, 'find_devices', lambda: [None])
    monkeypatch.delenv('FAKE_TOOL', raising=False)
    (tmp_path / 'it.py').write_text(f'_base_ = {str(config)!r}\ntrain_cfg = dict(max_epochs=3)')
    (tmp_path / 'list.yml').write_text('runs: {a: {config: it.py, paper: 12.5}, b: {config: it.py, options: [x=1]}}')
    return tmp_path / 'list.yml'


def test_results_and_files(listed, tmp_path):
    result = run_experiments(listed, seeds=[0, 1], out=tmp_path / 'out')
    assert (result.total, result.failures) == (4, ())
    assert result.files == tuple(tmp_path / 'out' / name for name in ('results.json', 'table.md', 'costs.png'))
    assert result.files[2].read_bytes().startswith(b'\x89PNG')
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
    nothing = run_experiments(listed, only=['b'], out=tmp_path / 'other')
    assert (nothing.files, nothing.table, nothing.total) == ((), '', 1)


def test_the_table_keeps_what_is_finished(listed, tmp_path):
    """The other runs and seeds of the list, which are not run again; not those of other settings."""
    out = tmp_path / 'out'
    run_experiments(listed, seeds=[0, 1], only=['a'], out=out)
    for result in (run_experiments(listed, seeds=[2], only=['b'], out=out),
                   collect_experiments(listed, [1], ['a'], out)):
        assert [(row['name'], row['seeds']) for row in result.results['rows']] == [('a', [0, 1]), ('b', [2])]
        assert json.loads((out / 'results.json').read_text()) == result.results
        assert (result.total, result.failures) == (1, ())
    assert len((tmp_path / 'tools' / 'calls').read_text().splitlines()) == 9
    (out / 'a' / 'seed_1' / 'settings.txt').write_text('others')
    result = run_experiments(listed, seeds=[0], only=['b'], out=out)
    assert [(row['name'], row['seeds']) for row in result.results['rows']] == [('a', [0]), ('b', [0, 2])]


def test_without_tools(listed, tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, 'find_root', lambda: None)
    with pytest.raises(FileNotFoundError, match='tools'):
        run_experiments(listed, out=tmp_path / 'out')


def test_one_task_and_the_table_afterwards(listed, tmp_path):
    """As the jobs of an array and the job after them do it."""
    out = tmp_path / 'out'
    result = run_experiments(listed, seeds=[0, 1], out=out, task=2)
    assert (result.total, result.failures, result.files) == (1, (), ())
    assert [path.parent.parent.name for path in out.glob('*/seed_*/single.json')] == ['b']
    assert not (out / 'table.md').exists()
    result = collect_experiments(listed, seeds=[0, 1], out=out)
    assert [(row['name'], row['seeds']) for row in result.results['rows']] == [('b', [0])]
    assert result.failures == tuple(f'{name}: not finished' for name in ('a, seed 0', 'a, seed 1', 'b, seed 1'))
    assert result.files[1].read_text() == result.table


@pytest.mark.parametrize('task', [-1, 2])
def test_no_such_task(listed, tmp_path, task):
    with pytest.raises(ValueError, match=f'task {task}: .*list.yml has 2 experiments'):
        run_experiments(listed, out=tmp_path / 'out', task=task)


def test_submit_what_is_not_finished(listed, tmp_path, monkeypatch):
    submitted = []
    monkeypatch.setattr(experiments, 'submit', lambda *args: submitted.append(args))
    out = tmp_path / 'out'
    run_experiments(listed, seeds=[0, 1], out=out, options=['y=2'], task=1)
    submit_experiments(listed, [0, 1], ['a', 'b'], out, ['y=2'], ['--gpus=1'])
    tools, command, tasks, folder, options = submitted.pop()
    assert (tools, tasks, folder, options) == (tmp_path / 'tools', [0, 2, 3], out, ['--gpus=1'])
    assert command == [str(listed), '--out', str(out), '--seeds', '0', '1', '--only', 'a', 'b', '--cfg-options', 'y=2']
    for task in tasks:
        run_experiments(listed, seeds=[0, 1], out=out, options=['y=2'], task=task)
    assert submit_experiments(listed, [0, 1], out=out, options=['y=2']) is None
    assert not submitted
