"""tools/report.py from the command line; tests/experiments/test_report.py tests its figures."""
import json

import numpy as np

from emonext_mm.evaluation.predictions import read_predictions
from tests.helpers.runs import draw_answers, write_run


def test_table_and_files(call_tool, tmp_path, capfd):
    for run, accuracy in (('full', 0.7), ('without', 0.5)):
        for seed, correct in enumerate(draw_answers([accuracy] * 2, 100, seed=7)):
            write_run(tmp_path / 'runs' / run / f'seed_{seed}.json.gz', correct)
    call_tool('report.py', tmp_path / 'runs', '--first', 'full', '--out', tmp_path / 'out')
    printed = capfd.readouterr().out
    assert (tmp_path / 'out' / 'report.md').read_text() in printed
    assert (tmp_path / 'out' / 'report.png').read_bytes().startswith(b'\x89PNG')
    first, other = json.loads((tmp_path / 'out' / 'report.json').read_text())['rows']
    assert (first['name'], other['name']) == ('full', 'without')
    assert f'{other["difference"]:+.2f}' in printed


def test_kept_predictions(call_tool, tmp_path, capfd):
    """They give the same report again, and do not tell where the checkpoint was."""
    for run in ('full', 'without'):
        write_run(tmp_path / 'runs' / run / 'seed_4' / 'single.json', draw_answers([0.6], 50, seed=ord(run[0]))[0],
                  0.9123456, checkpoint='/home/it/best.pth')
    call_tool('report.py', tmp_path / 'runs', '--first', 'full', '--out', tmp_path / 'kept', '--keep')
    text = (tmp_path / 'kept' / 'report.md').read_text()
    call_tool('report.py', tmp_path / 'kept', '--first', 'full', '--out', tmp_path / 'again')
    assert (tmp_path / 'again' / 'report.md').read_text() == text
    before, after = (read_predictions(tmp_path / name) for name in (
        'runs/full/seed_4/single.json', 'kept/full/seed_4.json.gz'))
    assert before.conditions == {'checkpoint': '/home/it/best.pth'}
    assert after.conditions == {'checkpoint': 'best.pth'}
    assert set(after.probabilities.ravel().tolist()) == {0.9123, 0.0877}
    assert (after.classes, after.ids) == (before.classes, before.ids)
    assert np.array_equal(after.predicted, before.predicted)
    assert np.array_equal(after.labels, before.labels)


def test_wrong_folders(error_of, tmp_path):
    assert 'nothing' in error_of('report.py', tmp_path / 'nothing', '--first', 'full')
    write_run(tmp_path / 'full' / 'seed_0.json.gz', draw_answers([0.7], 10, 0)[0])
    assert 'nobody' in error_of('report.py', tmp_path, '--first', 'nobody')
    assert '--out' in error_of('report.py', tmp_path, '--first', 'full', '--keep')  # else each would be there twice
