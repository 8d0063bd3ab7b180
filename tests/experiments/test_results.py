import json

import numpy as np
import pytest

from emonext_mm.experiments.lists import read_list
from emonext_mm.experiments.results import collect, format_table
from emonext_mm.utils.files import write_atomic
from tests.helpers.made_runs import CLASSES, make_run
from tests.helpers.training_logs import training, validation, write_run

LABELS = [0, 0, 0, 1, 1, 2]
PREDICTED = {  # of each experiment and test
    'a/seed_0/single': [0, 0, 0, 1, 2, 2],
    'a/seed_0/ten_crop': [0, 0, 0, 1, 1, 2],
    'a/seed_1/single': [0, 0, 1, 1, 2, 2],
    'a/seed_1/ten_crop': [0, 0, 0, 1, 1, 1],
    'b/seed_0/single': [0] * 6,
    'b/seed_0/ten_crop': [0] * 6,
}
CONDITIONS = dict(dataset=dict(type='FER2013'), split='PublicTest', epoch=4, weights='EMA')


def write_predictions(path, predicted):
    run = make_run(LABELS, predicted, **CONDITIONS)
    rows = [{'sample_id': sample, 'true': CLASSES[true], 'predicted': CLASSES[guess],
             'probabilities': dict(zip(CLASSES, map(float, scores)))}
            for sample, true, guess, scores in zip(run.ids, run.labels, run.predicted, run.probabilities)]
    write_atomic(path, json.dumps(dict(conditions=run.conditions, classes=CLASSES, predictions=rows)))


@pytest.fixture
def experiments(config, tmp_path):
    (tmp_path / 'it.py').write_text(f'_base_ = {str(config)!r}')
    (tmp_path / 'list.yml').write_text(
        'runs: {a: {config: it.py, paper: 73.34, measured: once}, b: {config: it.py, options: [x=1]}}')
    for name, predicted in PREDICTED.items():
        write_predictions(tmp_path / 'out' / f'{name}.json', predicted)
    for folder in (tmp_path / 'out').glob('*/*'):
        (folder / 'trained.json').write_text(json.dumps(dict(process_gb=1.25)))
        (folder / 'train.log').write_text('sys.platform: linux\n')
        write_run(folder, '20260101_000000', [training(600, time=2.0), validation(1), training(1200, 2, time=4.0)])
    both, one = (read_list(tmp_path / 'list.yml', seeds, tmp_path / 'out') for seeds in ([0, 1], [0]))
    return [*both[:2], one[1]]


def test_experiment(experiments):
    run = collect(experiments)['runs'][1]
    assert {key: run[key] for key in run if key not in ('single', 'ten_crop')} == dict(
        name='a', seed=1, config='it.py', options=['randomness.seed=1'], paper=73.34, measured='once',
        tested_on='FER2013 PublicTest', samples=6, epoch=4, weights='EMA', device='CPU',
        hours=3.0 * 1200 / 3600, memory_gb=1.25)
    # Two of three, one of two, one of one; precision 2/2, 1/2, 1/2.
    assert run['single'] == pytest.approx(dict(
        accuracy=100 * 4 / 6, uar=100 * (2 / 3 + 1 / 2 + 1) / 3, macro_f1=100 * (4 / 5 + 1 / 2 + 2 / 3) / 3))
    assert run['ten_crop']['accuracy'] == pytest.approx(100 * 5 / 6)


def test_mean_and_deviation_over_the_seeds(experiments):
    results = collect(experiments)
    a, b = results['rows']
    assert (a['name'], a['seeds'], a['paper'], b['seeds'], b['paper']) == ('a', [0, 1], 73.34, [0], None)
    accuracies = [500 / 6, 400 / 6]
    assert a['single']['accuracy'] == pytest.approx(
        dict(mean=75, sd=np.std(accuracies, ddof=1), min=min(accuracies), max=max(accuracies)))
    assert b['ten_crop']['accuracy'] == dict(mean=50, sd=None, min=50, max=50)
    assert json.loads(json.dumps(results)) == results


def test_table(experiments):
    *_, head, line, a, b = format_table(collect(experiments)).splitlines()
    assert head.count('|') == line.count('|') == a.count('|') == b.count('|') == 17
    sd = np.std([500 / 6, 400 / 6], ddof=1)
    assert a.startswith(f'| a | 0 1 | FER2013 PublicTest | 75.00 ± {sd:.2f} |')
    assert a.endswith('| 73.34 | once | 0.04 | 2 | 1.00 | 1.2 | CPU |')
    assert b.startswith('| b | 0 | FER2013 PublicTest | 50.00 | 22.22 | 33.33 | 50.00 | 22.22 | 33.33 | - |')


def test_device_and_memory_of_a_gpu(experiments):
    """Its name and the peak that PyTorch allocated on it are in the log."""
    folder = experiments[0].folder
    (folder / 'train.log').write_text('    CUDA available: True\n    GPU 0: NVIDIA H200\n    CUDA_HOME: None\n')
    write_run(folder, '20260102_000000', [
        training(1200, 2, time=4.0, memory=9537), training(1800, 3, time=4.0, memory=8)])  # MiB
    results = collect(experiments[:2])
    for found, device in ((results['runs'][0], 'NVIDIA H200'), (results['rows'][0], 'NVIDIA H200, CPU')):
        assert (found['device'], found['memory_gb']) == (device, pytest.approx(10, 1e-4))


def test_cost_that_cannot_be_counted(experiments, capfd):
    """Of a model whose code is gone, for instance: the results stay, and a line says why."""
    experiments[2].cfg.model.type = 'Gone'
    results = collect(experiments)
    assert [row['multiply_adds'] is None for row in results['rows']] == [False, True]
    assert 'b: the cost' in capfd.readouterr().out
    assert format_table(results).splitlines()[-1].endswith('| - | - | - | - | 1.00 | 1.2 | CPU |')


def test_damaged_predictions(experiments):
    (experiments[0].folder / 'single.json').write_text('{')
    with pytest.raises(ValueError, match=r'a/seed_0/single\.json.*JSON'):
        collect(experiments)


def test_memory_that_is_not_known(experiments):
    for each in experiments[:2]:
        (each.folder / 'trained.json').write_text(json.dumps(dict(process_gb=None)))
    results = collect(experiments)
    assert [row['memory_gb'] for row in results['rows']] == [None, 1.25]
    *_, a, b = format_table(results).splitlines()
    assert a.endswith('| 1.00 | - | CPU |')
    assert b.endswith('| 1.00 | 1.2 | CPU |')
