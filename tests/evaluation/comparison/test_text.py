"""The text contains the numbers of the report, each under its header."""
import re

import numpy as np
import pytest

from emonext_mm.evaluation.comparison.report import build_report, make_sides
from emonext_mm.evaluation.comparison.text import format_comparison
from tests.helpers.made_runs import draw_run

LABELS = np.arange(90) % 3
CONDITIONS = dict(config='it', cfg_options={}, epoch=3, iteration=30, weights='EMA', dataset=dict(type='FER2013'),
                  split='PublicTest', samples=90, leak_free=70, views=1, transform=None, merge=None)


def compared(*groups, leak_free=None, **conditions):
    """Report and lines of text for groups of accuracies."""
    rng = np.random.default_rng(0)
    runs = [[draw_run(rng, LABELS, accuracy, f'{i}_{j}.json', **{**CONDITIONS, **conditions})
             for j, accuracy in enumerate(group)] for i, group in enumerate(groups)]
    report = build_report(make_sides(runs), leak_free)
    return report, format_comparison(report).split('\n')


def row(lines, header, label):
    """The cells of a row after its label: each ends where the header of its column ends."""
    start = next(i for i, line in enumerate(lines) if re.match(header, line))
    line = next(line for line in lines[start:] if line.startswith(label))
    ends = [match.end() for match in re.finditer(r'\S+( \S+)*', lines[start])][1:]
    assert len(line) == ends[-1]
    return [line[begin:end].strip() for begin, end in zip([len(label), *ends], ends)]


def numbers(cells):
    """Every number in the cells."""
    return [float(number) for number in re.findall(r'[+-]?\d+(?:\.\d+)?', ' '.join(cells))]


def near(*values):
    """Equal but for rounding to two digits."""
    return pytest.approx(values, abs=0.00501)


def p_values(cells, *columns):
    return [float(cells[column]) for column in columns]


def test_runs_and_conditions():
    _, lines = compared([0.5], [0.7], cfg_options={'model.type': 'Mean', 'x': 3})
    assert all(fact in lines[0] for fact in ('90', 'FER2013', 'PublicTest', '70'))
    for name, file, head, conditions in (('A', '0_0.json', *lines[1:3]), ('B', '1_0.json', *lines[3:5])):
        assert head.split() == [name, file]
        assert conditions.split(', ') == ['    it', 'epoch 3', 'EMA weights', 'single view', 'model.type=Mean', 'x=3']


def test_metrics_of_each_run():
    report, lines = compared([0.5], [0.7])
    for side in report['sides']:
        metrics = side['runs'][0]['metrics']
        keys = ('accuracy/top1', 'accuracy/ci95_low', 'accuracy/ci95_high', 'single-label/f1-score',
                'single-label/recall', 'calibration/ece')
        cells = row(lines, r'in % +accuracy', side['name'])
        assert numbers(cells) == near(*(metrics[key] for key in keys))
        assert all(re.search(r'\.\d\d$', cell) for cell in cells)


def test_two_runs():
    report, lines = compared([0.5], [0.7], leak_free=np.arange(90) < 70)
    comparison, = report['comparisons']
    for label, found in (('all, 90', comparison['all']), ('leak-free, 70', comparison['leak_free'])):
        cells = row(lines, 'accuracy in %', label)
        assert numbers(cells[:-1]) == near(*found['accuracy'], found['difference'], found['ci95_low'],
                                           found['ci95_high'], found['only_a'], found['only_b'])
        assert p_values(cells, -1) == pytest.approx([found['p']], rel=5e-3)


def test_classes_of_two_runs():
    report, lines = compared([0.5], [0.7])
    for name, found in report['comparisons'][0]['classes'].items():
        (before, after), (f1_before, f1_after) = found['recall'], found['f1-score']
        cells = row(lines, r'in % +samples', name)
        assert numbers(cells[:4] + cells[5:]) == near(
            30, before, after, after - before, f1_before, f1_after, f1_after - f1_before)
        assert p_values(cells, 4) == pytest.approx([found['p_holm']], rel=5e-3)


def test_verdict_and_scope_come_last():
    report, lines = compared([0.5], [0.7])
    *verdict, scope = lines[-len(report['comparisons'][0]['verdict']) - 1:]
    assert verdict == report['comparisons'][0]['verdict']
    assert '--against' in scope


def test_several_seeds():
    sad, happy = (np.where(index == LABELS, 0.9, 0.3) for index in (1, 0))  # samples easy for one of the methods
    report, lines = compared([sad] * 3, [happy] * 2)
    assert [line[:3] for line in lines[1:11:2]] == ['A1 ', 'A2 ', 'A3 ', 'B1 ', 'B2 ']
    for side, runs in zip(report['sides'], (3, 2)):
        for label, key in (('accuracy', 'accuracy'), ('macro-F1', 'macro_f1')):
            cells = row(lines, 'over the runs', f'{side["name"]}, {label}')
            assert numbers(cells) == near(runs, *(side[key][name] for name in ('mean', 'sd', 'min', 'max')))
    found = report['comparisons'][0]['all']
    alone = found['seeds_alone']
    cells = row(lines, 'accuracy in %', 'all, 90')
    assert numbers(cells[:4] + cells[5:6]) == near(*found['accuracy'], found['difference'], found['ci95_low'],
                                                   found['ci95_high'], alone['ci95_low'], alone['ci95_high'])
    assert found['p'] != alone['p']
    assert p_values(cells, 4, 6) == pytest.approx([found['p'], alone['p']], rel=5e-3)


def test_many_runs_each_against_the_first():
    _, lines = compared([0.5], [0.6], [0.9])
    assert [line.split()[3:8] for line in lines if line.startswith('accuracy in %')] == [
        ['A', 'B', 'B', '-', 'A'], ['A', 'C', 'C', '-', 'A']]
    assert sum('--against' in line for line in lines) == 1


def test_tables_are_no_wider_than_a_terminal():
    _, lines = compared([0.05, 0.1], [0.99, 0.95], leak_free=np.arange(90) < 70)
    tables = [line for line in lines if re.search(r'\d   |   \w', line)]
    assert len(tables) > 10
    assert max(map(len, tables)) <= 120


def test_cautions_come_before_the_tables():
    rng = np.random.default_rng(0)
    a, b = (draw_run(rng, LABELS, 0.5, views=views) for views in (1, 10))
    lines = format_comparison(build_report(make_sides([[a], [b]]), None)).split('\n')
    assert 'caution' in lines[5]
    assert 'views (1, 10)' in lines[5]


@pytest.mark.parametrize('conditions', [{}, {'dataset': 'FER2013', 'views': None}])
def test_files_of_other_programs(conditions):
    rng = np.random.default_rng(0)
    a, b = (draw_run(rng, LABELS, 0.5, **conditions) for _ in range(2))
    lines = format_comparison(build_report(make_sides([[a], [b]]), None)).split('\n')
    assert '90' in lines[0]
    assert 'unknown' in lines[2]
