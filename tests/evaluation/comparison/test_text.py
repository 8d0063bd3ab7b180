"""The report shows the numbers of the data, in their places."""
import re

import numpy as np
import pytest

from emonext_mm.evaluation.comparison.report import compare, make_sides
from emonext_mm.evaluation.comparison.text import to_text
from emonext_mm.evaluation.comparison.verdict import p_text, reach, verdict
from tests.helpers.made_runs import draw_run

LABELS = np.arange(90) % 3
CONDITIONS = dict(config='it', cfg_options={}, epoch=3, weights='EMA', dataset=dict(type='FER2013'), split='PublicTest',
                  samples=90, clean=70, views=1, transform=None, merge=None)


def report(*groups, clean=None, **conditions):
    """The data and the lines of a comparison of groups of accuracies."""
    rng = np.random.default_rng(0)
    runs = [[draw_run(rng, LABELS, accuracy, f'{i}_{j}.json', **{**CONDITIONS, **conditions})
             for j, accuracy in enumerate(group)] for i, group in enumerate(groups)]
    plain = compare(make_sides(runs), clean)
    return plain, to_text(plain).split('\n')


def cells(lines, start):
    """The words of the only line that begins so."""
    line, = (line for line in lines if line.startswith(start))
    return line.removeprefix(start).split()


def test_two_runs():
    plain, lines = report([0.5], [0.7], clean=np.arange(90) < 70)
    assert lines[:5] == ['Tested 90 images of FER2013, PublicTest; 70 of them have no copy in training',
                         'A   0_0.json', '    it, epoch 3, EMA weights, single view',
                         'B   1_0.json', '    it, epoch 3, EMA weights, single view']
    comparison, = plain['comparisons']
    for side in plain['sides']:
        metrics = side['runs'][0]['metrics']
        assert cells(lines, f'{side["name"]}     ') == [
            f'{metrics["accuracy/top1"]:.2f}', f'{metrics["accuracy/ci95_low"]:.2f}', 'to',
            f'{metrics["accuracy/ci95_high"]:.2f}',
            *(f'{metrics[key]:.2f}' for key in ('single-label/f1-score', 'single-label/recall', 'calibration/ece'))]
    for start, found in (('all, 90', comparison['all']), ('no copy in training, 70', comparison['clean'])):
        a, b = found['accuracy']
        assert cells(lines, start) == [
            f'{a:.2f}', f'{b:.2f}', f'{b - a:+.2f}', f'{found["ci95_low"]:+.2f}', 'to', f'{found["ci95_high"]:+.2f}',
            str(found['only_a']), str(found['only_b']), p_text(found['p'])]
    row = comparison['classes']['sad']
    (before, after), (f1_before, f1_after) = row['recall'], row['f1-score']
    assert cells(lines, 'sad') == [
        '30', f'{before:.2f}', f'{after:.2f}', f'{after - before:+.2f}', p_text(row['p_holm']),
        f'{f1_before:.2f}', f'{f1_after:.2f}', f'{f1_after - f1_before:+.2f}']
    assert lines[-len(verdict(comparison)) - 1:] == [*verdict(comparison), reach([comparison])]


def test_several_seeds():
    sad, happy = (np.where(index == LABELS, 0.9, 0.3) for index in (1, 0))  # samples that only one method likes
    plain, lines = report([sad] * 3, [happy] * 2)
    assert [line[:3] for line in lines[1:11:2]] == ['A1 ', 'A2 ', 'A3 ', 'B1 ', 'B2 ']
    accuracy = plain['sides'][0]['accuracy']
    mean, = (line for line in lines if line.startswith('A, mean of 3'))
    assert re.search(rf'{accuracy["mean"]:.2f}, standard deviation {accuracy["sd"]:.2f}, {accuracy["min"]:.2f} to '
                     rf'{accuracy["max"]:.2f}; macro-F1 {plain["sides"][0]["macro_f1"]["mean"]:.2f}', mean)
    found = plain['comparisons'][0]['all']
    alone = found['seeds_alone']
    assert found['p'] != alone['p']
    assert cells(lines, 'all, 90')[3:] == [
        f'{found["ci95_low"]:+.2f}', 'to', f'{found["ci95_high"]:+.2f}', p_text(found['p']),
        f'{alone["ci95_low"]:+.2f}', 'to', f'{alone["ci95_high"]:+.2f}', p_text(alone['p'])]


def test_many_runs_each_against_the_first():
    _, lines = report([0.5], [0.6], [0.9])
    assert [line.split()[3:8] for line in lines if line.startswith('accuracy in %')] == [
        ['A', 'B', 'B', '-', 'A'], ['A', 'C', 'C', '-', 'A']]
    assert sum('One run a side says nothing' in line for line in lines) == 1


def test_columns_stand_below_each_other():
    for groups in (([0.5], [0.7]), ([0.05, 0.1], [0.99, 0.95])):
        _, lines = report(*groups, clean=np.arange(90) < 70)
        for head, *bodies in (('accuracy in %', 'all, 90', 'no copy in training, 70'), ('in % +samples', 'sad')):
            title, = (line for line in lines if re.match(head, line))
            for body in bodies:
                line, = (line for line in lines if line.startswith(body))
                assert len(line) == len(title)


def test_conditions_by_which_a_config_was_changed():
    _, lines = report([0.5], [0.7], cfg_options={'model.type': 'Mean', 'x': 3})
    assert lines[2] == '    it, epoch 3, EMA weights, single view, model.type=Mean, x=3'


def test_cautions_stand_at_the_top():
    rng = np.random.default_rng(0)
    a, b = (draw_run(rng, LABELS, 0.5, views=views) for views in (1, 10))
    lines = to_text(compare(make_sides([[a], [b]]), None)).split('\n')
    assert lines[5] == 'caution: the tests differ in views (1, 10): a difference may come from that alone'


@pytest.mark.parametrize('conditions', [{}, {'dataset': 'FER2013', 'views': None}])
def test_files_of_somebody_elses_making(conditions):
    rng = np.random.default_rng(0)
    a, b = (draw_run(rng, LABELS, 0.5, **conditions) for _ in range(2))
    lines = to_text(compare(make_sides([[a], [b]]), None)).split('\n')
    assert (lines[0], lines[2]) == ('90 samples', '    conditions not known')
