import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats

from emonext_mm.evaluation.comparison.report import Side
from emonext_mm.evaluation.comparison.statistics import (
    holm,
    paired_difference,
    seeds_and_samples_difference,
)
from emonext_mm.experiments.report import compare_runs, format_report, measure_noise, read_runs
from tests.helpers.runs import draw_answers, write_run

ANSWERS = dict(full=draw_answers([0.7, 0.72, 0.71], 500, 0), without=draw_answers([0.6, 0.63, 0.61], 500, 1),
               other=draw_answers([0.7, 0.69, 0.73], 500, 2))


@pytest.fixture
def folder(tmp_path):
    """Three runs of three seeds; one of them is in the folders of experiments."""
    for run, answers in ANSWERS.items():
        for seed, correct in enumerate(answers):
            name = f'seed_{seed}/single.json' if run == 'other' else f'seed_{seed}.json.gz'
            write_run(tmp_path / run / name, correct, 0.9 - 0.01 * seed)
    write_run(tmp_path / 'full' / 'seed_3' / 'ten_crop.json', ANSWERS['full'][0])
    (tmp_path / 'full' / 'alignment.json').write_text('{}')
    return tmp_path


def test_reading(folder):
    """Runs and seeds; other files are left alone."""
    runs = read_runs(folder)
    assert {name: list(found) for name, found in runs.items()} == {name: [0, 1, 2] for name in sorted(ANSWERS)}
    assert np.array_equal(runs['other'][2].predicted == 0, ANSWERS['other'][2])
    with pytest.raises(FileNotFoundError, match='nothing'):
        read_runs(folder / 'nothing')


def test_order(tmp_path):
    """Numbers in names are in the order of their values."""
    for run, seed in ('lambda_1e10', 0), ('lambda_1e4', 10), ('lambda_1e4', 2), ('full', 0):
        write_run(tmp_path / run / f'seed_{seed}.json.gz', ANSWERS['full'][0])
    runs = read_runs(tmp_path)
    assert {run: list(seeds) for run, seeds in runs.items()} == dict(full=[0], lambda_1e4=[2, 10], lambda_1e10=[0])
    assert list(runs) == ['full', 'lambda_1e4', 'lambda_1e10']


@pytest.mark.parametrize('name', ['seed_0/single.json', 'seed_00.json.gz'])
def test_two_files_of_one_seed(folder, name):
    """Neither wins silently."""
    write_run(folder / 'full' / name, ANSWERS['without'][0])
    with pytest.raises(ValueError, match=rf'full/seed_.* and .*full/(seed_0\.json\.gz|{name}).*seed 0'):
        read_runs(folder)


def test_folders_without_predictions(folder, monkeypatch):
    logged = []
    monkeypatch.setattr('emonext_mm.experiments.report.print_log', lambda text, *args: logged.append(text))
    (folder / 'begun' / 'seed_1').mkdir(parents=True)
    (folder / 'empty').mkdir()
    read_runs(folder)
    assert [text.split()[0] for text in logged] == [str(folder / name) for name in (
        'begun/seed_1', 'empty', 'full/seed_3')]


def test_views_and_cautions(folder):
    assert ' images; ' in format_report(compare_runs(read_runs(folder), 'full'))  # unknown
    runs = {'a': ANSWERS['full'][0], 'b': ANSWERS['other'][0]}
    for views, shown in ((1, 'single view'), (10, '10 views')):
        for name, correct in runs.items():
            write_run(folder / str(views) / name / 'seed_0.json.gz', correct, views=views)
        report = compare_runs(read_runs(folder / str(views)), 'a')
        assert report['cautions'] == []
        assert f'500 images, {shown};' in format_report(report)
    write_run(folder / '10' / 'b' / 'seed_0.json.gz', runs['b'], views=1)
    report = compare_runs(read_runs(folder / '10'), 'a')
    line, = report['cautions']
    assert 'views (10, 1)' in line
    assert line in format_report(report)
    assert '10 views, single view;' in format_report(report)


def test_rows(folder):
    """The named run first; differences, intervals and corrected p-values of the statistics."""
    report = json.loads(json.dumps(compare_runs(read_runs(folder), 'full')))
    assert [row['name'] for row in report['rows']] == ['full', 'other', 'without']
    assert report['samples'] == 500
    expected = [seeds_and_samples_difference(ANSWERS['full'], ANSWERS[name]) for name in ('other', 'without')]
    for row, found, p in zip(report['rows'][1:], expected, holm([each.p for each in expected])):
        assert [row['difference'], row['ci95_low'], row['ci95_high']] == pytest.approx(
            [100 * found.value, 100 * found.low, 100 * found.high])
        assert row['p'] == pytest.approx(p)
        assert row['accuracy']['mean'] == pytest.approx(100 * ANSWERS[row['name']].mean())
        assert f'{row["difference"]:+.2f} ({row["ci95_low"]:+.2f} to {row["ci95_high"]:+.2f})' in format_report(report)


def test_noise(folder):
    noise = compare_runs(read_runs(folder), 'full')['noise']
    values = np.stack(list(ANSWERS.values())).astype(float)
    assert noise['seeds'] == pytest.approx(100 * math.sqrt(values.mean(2).var(1, ddof=1).mean()))
    p = values.mean()
    assert noise['images'] == pytest.approx(100 * math.sqrt(p * (1 - p) / 500))
    assert f'{noise["seeds"]:.2f} points' in format_report(compare_runs(read_runs(folder), 'full'))


def make_side(answers):
    """A side without probabilities, which are not needed."""
    return Side('A', [SimpleNamespace(predicted=correct, labels=np.ones_like(correct)) for correct in answers])


@pytest.mark.parametrize('deviation', [0.002, 0.004, 0.008])
def test_seeds_for_one_point(deviation):
    """Least number with which SciPy's Welch test finds a true difference of one point in 80 % of simulated cases.

    Each image is always right or always wrong, but for those between two accuracies.
    """
    chance = np.random.default_rng(0)
    noise = measure_noise([make_side(np.arange(10_000) < 10_000 * chance.normal(0.7, deviation, (60, 1)))
                           for _ in range(2)])
    assert noise['paired'] == pytest.approx(0, abs=0.05)

    def power(seeds):
        sides = chance.normal([[[0.0]], [[0.01]]], noise['seeds'] / 100, (2, seeds, 20_000))
        return (scipy.stats.ttest_ind(*sides, equal_var=False).pvalue < 0.05).mean()

    assert power(noise['one_point']) > 0.79
    assert noise['one_point'] == 2 or power(noise['one_point'] - 1) < 0.81


def test_too_few_images():
    """Of 200 images, 190 are equal for all seeds of a run: no number of seeds finds one point."""
    sides = [np.tile(draw_answers([0.5], 200, seed), (2, 1)) for seed in (0, 1)]
    for seed, side in enumerate(sides):
        side[:, 190:] = draw_answers([0.5, 0.5], 10, seed)
    noise = measure_noise([make_side(side) for side in sides])
    assert noise['one_point'] is None
    assert noise['paired'] > 1


def test_one_seed(folder):
    """Without noise, as McNemar's test has it."""
    runs = {name: {0: found[0]} for name, found in read_runs(folder).items()}
    report = compare_runs(runs, 'full')
    assert report['noise'] is None
    assert report['rows'][2]['difference'] == pytest.approx(
        100 * (ANSWERS['without'][0].mean() - ANSWERS['full'][0].mean()))
    assert report['rows'][0]['accuracy']['sd'] is None


def test_seeds_in_common(folder):
    """A run with one seed is compared on it, one with all on all; the noise is of those with several."""
    whole = read_runs(folder)
    report = compare_runs({**whole, 'other': {2: whole['other'][2]}}, 'full')
    _, other, without = report['rows']
    assert (other['compared'], without['compared']) == ([2], [0, 1, 2])
    found = paired_difference(ANSWERS['full'][2], ANSWERS['other'][2])
    assert [other['difference'], other['ci95_low'], other['ci95_high']] == pytest.approx(
        [100 * found.value, 100 * found.low, 100 * found.high])
    both = seeds_and_samples_difference(ANSWERS['full'], ANSWERS['without'])
    assert [without['ci95_low'], without['ci95_high']] == pytest.approx([100 * both.low, 100 * both.high])
    assert [other['p'], without['p']] == pytest.approx(holm([found.p, both.p]))
    lines = format_report(report).splitlines()
    assert ', seed 2 |' in lines[3]
    assert ', seed' not in lines[4]
    assert report['noise'] == compare_runs({name: whole[name] for name in ('full', 'without')}, 'full')['noise']
    with pytest.raises(ValueError, match='full and other'):
        compare_runs({**whole, 'other': {7: whole['other'][2]}}, 'full')
    one = {**whole, 'full': {0: whole['full'][0]}}
    assert compare_runs(one, 'full')['noise'] is None


def test_the_same_predictions_are_no_seeds(folder):
    whole = read_runs(folder)
    with pytest.raises(ValueError, match='same predictions'):
        compare_runs({**whole, 'other': dict.fromkeys((0, 7), whole['other'][0])}, 'full')  # 7 has no counterpart


def test_unknown_run(folder):
    with pytest.raises(ValueError, match=r'nobody.*full, other, without'):
        compare_runs(read_runs(folder), 'nobody')
    with pytest.raises(ValueError, match='full'):
        compare_runs({'full': read_runs(folder)['full']}, 'full')
