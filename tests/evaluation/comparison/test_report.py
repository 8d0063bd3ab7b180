import json
import re

import numpy as np
import pytest
from sklearn import metrics as sklearn

from emonext_mm.evaluation.comparison.report import compare, make_sides
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
CLEAN = np.random.default_rng(1).random(120) < 0.8


def draw_runs(*accuracies, seed=0):
    rng = np.random.default_rng(seed)
    return [draw_run(rng, LABELS, accuracy, f'{i}.json', views=1) for i, accuracy in enumerate(accuracies)]


def hits(run):
    return run.predicted == run.labels


@pytest.fixture(scope='module')
def two():
    """Two runs, and their comparison."""
    runs = draw_runs(0.6, 0.75)
    return runs, compare(make_sides([[run] for run in runs]), CLEAN)


@pytest.fixture(scope='module')
def seeds():
    runs = draw_runs(0.6, 0.65, 0.55, 0.8, 0.75, seed=1)
    return runs, compare(make_sides([runs[:3], runs[3:]]), CLEAN)


def test_smoke(two, seeds):
    for _, plain in (two, seeds):
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain
        assert (plain['format'], plain['samples'], plain['clean']) == (1, 120, int(CLEAN.sum()))
        assert plain['cautions'] == []


@pytest.mark.parametrize(('counts', 'message'), [
    ((1, 2), 'one run has no spread over seeds: give two or more on each side of --against'),
    ((3, 1), 'one run has no spread over seeds'),
    ((1, ) * 27, '27 runs at once, expected 26 at most'),
])
def test_no_sides(counts, message):
    runs = iter(draw_runs(*[0.5] * sum(counts)))
    with pytest.raises(ValueError, match=message):
        make_sides([[next(runs) for _ in range(count)] for count in counts])


def test_a_run_given_twice_is_no_second_seed():
    one, other, third = draw_runs(0.5, 0.6, 0.7)
    copy = one._replace(path='copy.json')
    with pytest.raises(ValueError, match=re.escape('0.json and copy.json hold the same predictions')):
        make_sides([[one, other, copy], [third, other]])
    make_sides([[one], [copy]])  # as good as each other, which is an answer


def test_every_run_is_measured(two):
    runs, plain = two
    for side, run, name in zip(plain['sides'], runs, 'AB'):
        assert side['name'] == name
        found, = side['runs']
        assert (found['file'], found['conditions']) == (str(run.path), {'views': 1})
        assert found['metrics']['accuracy/top1'] == pytest.approx(100 * hits(run).mean())
        f1 = sklearn.f1_score(run.labels, run.predicted, average='macro')
        assert found['metrics']['single-label/f1-score'] == pytest.approx(100 * f1)
        assert side['macro_f1'] == pytest.approx(dict(mean=100 * f1, sd=None, min=100 * f1, max=100 * f1))


def test_difference_of_two_runs(two):
    (a, b), plain = two
    comparison, = plain['comparisons']
    assert (comparison['a'], comparison['b'], comparison['runs']) == ('A', 'B', [1, 1])
    for key, chosen in (('all', np.full(120, True)), ('clean', CLEAN)):
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
    (a, b), plain = two
    table = plain['comparisons'][0]['classes']
    assert list(table) == list(CLASSES)
    reports = [sklearn.classification_report(run.labels, run.predicted, target_names=CLASSES, output_dict=True)
               for run in (a, b)]
    p_values = []
    for index, (name, row) in enumerate(table.items()):
        here = index == LABELS
        assert row['samples'] == here.sum()
        for score in ('recall', 'precision', 'f1-score'):
            assert row[score] == pytest.approx([100 * report[name][score] for report in reports])
        p_values.append(mcnemar(sum(hits(a)[here] > hits(b)[here]), sum(hits(b)[here] > hits(a)[here])))
    assert [row['p'] for row in table.values()] == pytest.approx(p_values)
    assert [row['p_holm'] for row in table.values()] == pytest.approx(holm(p_values))


def test_several_seeds(seeds):
    runs, plain = seeds
    a, b = np.stack([hits(run) for run in runs[:3]]), np.stack([hits(run) for run in runs[3:]])
    for side, correct in zip(plain['sides'], (a, b)):
        each = 100 * correct.mean(1)
        assert side['accuracy'] == pytest.approx(
            dict(mean=each.mean(), sd=each.std(ddof=1), min=each.min(), max=each.max()))
    comparison, = plain['comparisons']
    assert comparison['runs'] == [3, 2]
    for key, chosen in (('all', np.full(120, True)), ('clean', CLEAN)):
        found = comparison[key]
        both, alone = (function(a[:, chosen], b[:, chosen]) for function in (
            seeds_and_samples_difference, seeds_difference))
        assert found['accuracy'] == pytest.approx([100 * a[:, chosen].mean(), 100 * b[:, chosen].mean()])
        assert [found[name] for name in ('difference', 'ci95_low', 'ci95_high', 'p')] == pytest.approx(
            [100 * both.value, 100 * both.low, 100 * both.high, both.p])
        assert [found['seeds_alone'][name] for name in ('ci95_low', 'ci95_high', 'p')] == pytest.approx(
            [100 * alone.low, 100 * alone.high, alone.p])
        assert 'only_a' not in found
    here = LABELS == 1
    row = comparison['classes']['sad']
    assert row['recall'] == pytest.approx([100 * a[:, here].mean(), 100 * b[:, here].mean()])
    assert row['p'] == pytest.approx(seeds_and_samples_difference(a[:, here], b[:, here]).p)


def test_every_later_run_is_compared_with_the_first():
    runs = draw_runs(0.6, 0.7, 0.68, seed=5)
    plain = compare(make_sides([[run] for run in runs]), None)
    found = plain['comparisons']
    assert [(each['a'], each['b']) for each in found] == [('A', 'B'), ('A', 'C')]
    p_values = [paired_difference(hits(runs[0]), hits(run)).p for run in runs[1:]]
    assert [each['all']['p'] for each in found] == pytest.approx(p_values)
    assert [each['all']['p_holm'] for each in found] == pytest.approx(holm(p_values))
    assert [each['verdict'] for each in found] == [verdict(each) for each in found]
    assert plain['clean'] is None
    assert all(each['clean'] is None for each in found)


def test_a_class_without_samples_is_left_out():
    a, b = make_run([0, 0, 1, 1], [0, 2, 1, 1]), make_run([0, 0, 1, 1], [0, 0, 1, 0], 'b.json')
    plain = compare(make_sides([[a], [b]]), None)
    assert list(plain['comparisons'][0]['classes']) == ['happy', 'sad']


def test_a_class_of_one_sample_is_not_tested_over_seeds():
    rng = np.random.default_rng(0)
    labels = [2, *[0, 1] * 10]
    runs = [draw_run(rng, labels, 0.7, f'{i}.json') for i in range(4)]
    table = compare(make_sides([runs[:2], runs[2:]]), None)['comparisons'][0]['classes']
    assert (table['neutral']['samples'], table['neutral']['p'], table['neutral']['p_holm']) == (1, None, None)
    assert [table[name]['p_holm'] for name in ('happy', 'sad')] == pytest.approx(
        holm([table[name]['p'] for name in ('happy', 'sad')]))
    single = compare(make_sides([[runs[0]], [runs[2]]]), None)['comparisons'][0]['classes']
    assert single['neutral']['p'] == 1


@pytest.mark.parametrize('count', [0, 1])
def test_too_few_clean_samples(count):
    plain = compare(make_sides([[run] for run in draw_runs(0.5, 0.6)]), np.arange(120) < count)
    assert (plain['clean'], plain['comparisons'][0]['clean']) == (count, None)


def test_cautions_are_passed_on():
    a, b = draw_runs(0.5, 0.6)
    plain = compare(make_sides([[a], [b._replace(conditions=dict(views=10))]]), None)
    assert plain['cautions'] == ['the tests differ in views (1, 10): a difference may come from that alone']
