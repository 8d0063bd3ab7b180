import json

import numpy as np
import pytest
from sklearn import metrics as sklearn

from emonext_mm.evaluation.comparison.report import build_report, make_sides
from emonext_mm.evaluation.comparison.statistics import (
    holm,
    mcnemar,
    paired_difference,
    seeds_and_samples_difference,
    seeds_difference,
)
from emonext_mm.evaluation.comparison.verdict import verdict
from tests.helpers.made_runs import CLASSES, draw_run, make_run

LABELS = np.random.default_rng(0).choice(3, 120, p=[0.5, 0.3, 0.2])
LEAK_FREE = np.random.default_rng(1).random(120) < 0.8


def draw_runs(*accuracies, seed=0):
    rng = np.random.default_rng(seed)
    return [draw_run(rng, LABELS, accuracy, f'{i}.json', views=1) for i, accuracy in enumerate(accuracies)]


def hits(run):
    return run.predicted == run.labels


@pytest.fixture(scope='module')
def two():
    """Two runs, and their comparison."""
    runs = draw_runs(0.6, 0.75)
    return runs, build_report(make_sides([[run] for run in runs]), LEAK_FREE)


@pytest.fixture(scope='module')
def seeds():
    runs = draw_runs(0.6, 0.65, 0.55, 0.8, 0.75, seed=1)
    return runs, build_report(make_sides([runs[:3], runs[3:]]), LEAK_FREE)


def test_smoke(two, seeds):
    for _, report in (two, seeds):
        assert json.loads(json.dumps(report, allow_nan=False)) == report
        assert (report['format'], report['samples'], report['leak_free']) == (1, 120, int(LEAK_FREE.sum()))
        assert report['cautions'] == []


@pytest.mark.parametrize(('counts', 'message'), [
    ((1, 2), 'two or more runs on each side of --against'),
    ((3, 1), 'two or more runs on each side of --against'),
    ((1, ) * 27, '27 runs, expected 26 at most'),
])
def test_groups_that_are_no_sides(counts, message):
    runs = iter(draw_runs(*[0.5] * sum(counts)))
    with pytest.raises(ValueError, match=message):
        make_sides([[next(runs) for _ in range(count)] for count in counts])


def test_a_run_given_twice_is_no_second_seed():
    one, other, third = draw_runs(0.5, 0.6, 0.7)
    again = one._replace(path='again.json')
    with pytest.raises(ValueError, match=r'0\.json and again\.json'):
        make_sides([[one, other, again], [third, other]])
    make_sides([[one], [again]])  # of two methods, equal predictions are a result


def test_every_run_is_measured(two):
    runs, report = two
    for side, run, name in zip(report['sides'], runs, 'AB'):
        assert side['name'] == name
        found, = side['runs']
        assert (found['file'], found['conditions']) == (str(run.path), {'views': 1})
        assert found['metrics']['accuracy/top1'] == pytest.approx(100 * hits(run).mean())
        f1 = sklearn.f1_score(run.labels, run.predicted, average='macro')
        assert found['metrics']['single-label/f1-score'] == pytest.approx(100 * f1)
        assert side['macro_f1'] == pytest.approx(dict(mean=100 * f1, sd=None, min=100 * f1, max=100 * f1))


def test_difference_of_two_runs(two):
    (a, b), report = two
    comparison, = report['comparisons']
    assert (comparison['a'], comparison['b'], comparison['runs']) == ('A', 'B', [1, 1])
    for key, chosen in (('all', np.full(120, True)), ('leak_free', LEAK_FREE)):
        found = comparison[key]
        expected = paired_difference(hits(a)[chosen], hits(b)[chosen])
        assert found['samples'] == chosen.sum()
        assert found['accuracy'] == pytest.approx([100 * hits(run)[chosen].mean() for run in (a, b)])
        assert found['difference'] == pytest.approx(found['accuracy'][1] - found['accuracy'][0])
        assert (found['ci95_low'], found['ci95_high']) == pytest.approx((100 * expected.low, 100 * expected.high))
        assert found['p'] == expected.p
        assert found['only_a'] == sum(hits(a)[chosen] > hits(b)[chosen])
        assert found['only_b'] == sum(hits(b)[chosen] > hits(a)[chosen])
        assert 'seeds_alone' not in found
    assert comparison['all']['p_holm'] == comparison['all']['p']


def test_classes_of_two_runs(two):
    (a, b), report = two
    table = report['comparisons'][0]['classes']
    assert list(table) == list(CLASSES)
    reports = [sklearn.classification_report(run.labels, run.predicted, target_names=CLASSES, output_dict=True)
               for run in (a, b)]
    p_values = []
    for index, (name, row) in enumerate(table.items()):
        of_class = index == LABELS
        assert row['samples'] == of_class.sum()
        for score in ('recall', 'precision', 'f1-score'):
            assert row[score] == pytest.approx([100 * report[name][score] for report in reports])
        p_values.append(mcnemar(sum(hits(a)[of_class] > hits(b)[of_class]), sum(hits(b)[of_class] > hits(a)[of_class])))
    assert [row['p'] for row in table.values()] == pytest.approx(p_values)
    assert [row['p_holm'] for row in table.values()] == pytest.approx(holm(p_values))


def test_several_seeds(seeds):
    runs, report = seeds
    a, b = np.stack([hits(run) for run in runs[:3]]), np.stack([hits(run) for run in runs[3:]])
    for side, correct in zip(report['sides'], (a, b)):
        each = 100 * correct.mean(1)
        assert side['accuracy'] == pytest.approx(
            dict(mean=each.mean(), sd=each.std(ddof=1), min=each.min(), max=each.max()))
    comparison, = report['comparisons']
    assert comparison['runs'] == [3, 2]
    for key, chosen in (('all', np.full(120, True)), ('leak_free', LEAK_FREE)):
        found = comparison[key]
        both, alone = (function(a[:, chosen], b[:, chosen]) for function in (
            seeds_and_samples_difference, seeds_difference))
        assert found['accuracy'] == pytest.approx([100 * a[:, chosen].mean(), 100 * b[:, chosen].mean()])
        assert [found[name] for name in ('difference', 'ci95_low', 'ci95_high', 'p')] == pytest.approx(
            [100 * both.value, 100 * both.low, 100 * both.high, both.p])
        assert [found['seeds_alone'][name] for name in ('ci95_low', 'ci95_high', 'p')] == pytest.approx(
            [100 * alone.low, 100 * alone.high, alone.p])
        assert 'only_a' not in found
    of_class = LABELS == 1
    row = comparison['classes']['sad']
    assert row['recall'] == pytest.approx([100 * a[:, of_class].mean(), 100 * b[:, of_class].mean()])
    assert row['p'] == pytest.approx(seeds_and_samples_difference(a[:, of_class], b[:, of_class]).p)


def test_every_later_run_is_compared_with_the_first():
    runs = draw_runs(0.6, 0.7, 0.68, seed=5)
    report = build_report(make_sides([[run] for run in runs]), None)
    found = report['comparisons']
    assert [(each['a'], each['b']) for each in found] == [('A', 'B'), ('A', 'C')]
    p_values = [paired_difference(hits(runs[0]), hits(run)).p for run in runs[1:]]
    assert [each['all']['p'] for each in found] == pytest.approx(p_values)
    assert [each['all']['p_holm'] for each in found] == pytest.approx(holm(p_values))
    assert [each['verdict'] for each in found] == [verdict(each) for each in found]
    assert report['leak_free'] is None
    assert all(each['leak_free'] is None for each in found)


def test_a_class_without_samples_is_left_out():
    a, b = make_run([0, 0, 1, 1], [0, 2, 1, 1]), make_run([0, 0, 1, 1], [0, 0, 1, 0], 'b.json')
    report = build_report(make_sides([[a], [b]]), None)
    assert list(report['comparisons'][0]['classes']) == ['happy', 'sad']


def test_a_class_of_one_sample_is_not_tested_over_seeds():
    rng = np.random.default_rng(0)
    labels = [2, *[0, 1] * 10]
    runs = [draw_run(rng, labels, 0.7, f'{i}.json') for i in range(4)]
    table = build_report(make_sides([runs[:2], runs[2:]]), None)['comparisons'][0]['classes']
    assert (table['neutral']['samples'], table['neutral']['p'], table['neutral']['p_holm']) == (1, None, None)
    assert [table[name]['p_holm'] for name in ('happy', 'sad')] == pytest.approx(
        holm([table[name]['p'] for name in ('happy', 'sad')]))
    single = build_report(make_sides([[runs[0]], [runs[2]]]), None)['comparisons'][0]['classes']
    assert single['neutral']['p'] == 1


@pytest.mark.parametrize('count', [0, 1])
def test_too_few_leak_free_samples(count):
    report = build_report(make_sides([[run] for run in draw_runs(0.5, 0.6)]), np.arange(120) < count)
    assert (report['leak_free'], report['comparisons'][0]['leak_free']) == (count, None)


def test_cautions_are_passed_on():
    a, b = draw_runs(0.5, 0.6)
    report = build_report(make_sides([[a], [b._replace(conditions=dict(views=10))]]), None)
    line, = report['cautions']
    assert 'views (1, 10)' in line
