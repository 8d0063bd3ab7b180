import json

import pytest

from emonext_mm.evaluation.predictions import read_predictions


@pytest.fixture(scope='module')
def listed(config):
    (config.parent / 'list.yml').write_text("""
options: [train_cfg.max_epochs=1]
runs:
  whole: {config: tiny.py, paper: 12.5}
  without_stn: {config: tiny.py, options: [data_preprocessor.localization_size=None]}
""")
    return config.parent / 'list.yml'


@pytest.fixture(scope='module')
def ran(listed, run_tool, tmp_path_factory):
    out = tmp_path_factory.mktemp('experiments')
    return out, run_tool('run_experiments.py', listed, '--out', out)


def test_table(ran):
    out, run = ran
    assert run.returncode == 0, run.stdout + run.stderr
    table = (out / 'table.md').read_text()
    assert table in run.stdout
    assert '| whole | 0 | SyntheticFER test | ' in table
    assert '| without_stn | 0 | SyntheticFER test | ' in table
    results = json.loads((out / 'results.json').read_text())
    for result in results['runs']:
        for test, views in (('single', 1), ('ten_crop', 10)):
            tested = read_predictions(out / result['name'] / 'seed_0' / f'{test}.json')
            assert tested.conditions['views'] == views
            assert result[test]['accuracy'] == pytest.approx(100 * (tested.labels == tested.predicted).mean())
        assert result['hours'] > 0
        assert result['memory_gb'] > 0.1
    assert [row['paper'] for row in results['rows']] == [12.5, None]


def test_progress(ran):
    assert 'whole, seed 0: epoch 1 of 1, accuracy/top1: ' in ran[1].stdout


def test_once_more(ran, listed, call_tool, capfd):
    """Nothing is left to do, and the table is the same."""
    before = [(ran[0] / name).read_bytes() for name in ('results.json', 'table.md')]
    call_tool('run_experiments.py', listed, '--out', ran[0])
    assert capfd.readouterr().out.count('finished before') == 2
    assert [(ran[0] / name).read_bytes() for name in ('results.json', 'table.md')] == before


def test_only(ran, listed, call_tool, error_of, capfd):
    call_tool('run_experiments.py', listed, '--out', ran[0], '--only', 'whole')
    assert [row['name'] for row in json.loads((ran[0] / 'results.json').read_text())['rows']] == ['whole']
    assert 'list.yml: there is no part' in error_of('run_experiments.py', listed, '--only', 'whole', 'part')


def test_some_fail(ran, listed, call_tool, capfd):
    """The others stand in the table; the status says that it is not whole."""
    with pytest.raises(SystemExit) as end:
        call_tool('run_experiments.py', listed, '--out', ran[0], '--cfg-options', 'train_cfg.max_epochs=2')
    assert end.value.code.startswith('error: 2 of 2 runs failed\nwhole, seed 0: ')
    assert 'was begun with other settings' in end.value.code


def test_wrong_list(error_of, tmp_path):
    (tmp_path / 'list.yml').write_text('runs: {a: {}}')
    assert "list.yml, a: there is no 'config'" in error_of('run_experiments.py', tmp_path / 'list.yml')
