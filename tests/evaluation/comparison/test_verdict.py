"""The sentences contain the numbers and the result of the tests; their wording is free."""
import copy
import re

import pytest

from emonext_mm.evaluation.comparison.verdict import interval_text, p_text, scope, verdict

CLASSES = {'sad': {'recall': [50, 60], 'p_holm': 0.5}}
BETTER, NOT_SIGNIFICANT = r'\b{} is better than {}\b', r'\bnot\b.* significant|not after'


def one_run(difference, low, high, p, p_holm=None, leak_free=None, only=(10, 20), classes=CLASSES):
    found = dict(samples=3589, difference=difference, ci95_low=low, ci95_high=high, p=p, p_holm=p_holm or p,
                 only_a=only[0], only_b=only[1])
    return dict(a='A', b='B', runs=[1, 1], all=found, leak_free=leak_free, classes=classes)


def seeds(difference, low, high, p, alone):
    comparison = one_run(difference, low, high, p)
    comparison['runs'] = [3, 4]
    comparison['all']['seeds_alone'] = dict(p=alone)
    return comparison


def words(comparison):
    """The first sentence or sentences; the comparison is left as it is."""
    given = copy.deepcopy(comparison)
    first, *_ = verdict(comparison)
    assert comparison == given
    return first


@pytest.mark.parametrize(('comparison', 'better', 'numbers'), [
    (one_run(1.2, 0.3, 2.1, 0.008), 'BA', ['1.20', '+0.30 to +2.10', '3589', '= 0.008']),
    (one_run(-1.2, -2.1, -0.3, 1e-6), 'AB', ['1.20', '+0.30 to +2.10', '3589', '< 0.0001']),
    (one_run(1.2, 0.3, 2.1, 0.008, 0.016), 'BA', ['1.20', '+0.30 to +2.10', '= 0.008', '= 0.016']),
    (seeds(2, 0.5, 3.5, 0.011, 0.2), 'BA', ['2.00', '+0.50 to +3.50', '3 and 4', '3589', '= 0.011']),
    (seeds(-2, -3.5, -0.5, 0.011, 0.2), 'AB', ['2.00', '+0.50 to +3.50', '3 and 4', '3589', '= 0.011']),
])
def test_significant(comparison, better, numbers):
    line = words(comparison)
    assert re.search(BETTER.format(*better), line)
    assert 'significant' in line
    assert not re.search(NOT_SIGNIFICANT, line)
    assert all(number in line for number in numbers)


@pytest.mark.parametrize(('comparison', 'numbers'), [
    (one_run(0.06, -0.8, 0.92, 0.93), ['+0.06', '-0.80 to +0.92', '3589', '= 0.93']),
    (one_run(-0.5, -1.02, -0.01, 0.052), ['-0.50', '-1.02 to -0.01', '= 0.052']),
    (one_run(0.5, 0.01, 1.02, 0.052), ['+0.50', '+0.01 to +1.02', '= 0.052']),
    (one_run(0.9, 0.1, 1.7, 0.03, 0.06), ['+0.90', '+0.10 to +1.70', '= 0.03', '= 0.06', 'Holm']),
    (seeds(2, -0.5, 4.5, 0.11, 0.2), ['+2.00', '-0.50 to +4.50', '3 and 4', '3589', '= 0.11']),
    (seeds(2, -0.5, 4.5, 0.11, 0.02), ['+2.00', '-0.50 to +4.50', '3 and 4', '= 0.11', '= 0.02', 'Welch']),
])
def test_not_significant(comparison, numbers):
    line = words(comparison)
    assert 'better than' not in line
    assert re.search(NOT_SIGNIFICANT, line)
    assert all(number in line for number in ['B - A', *numbers])


def test_an_interval_that_disagrees_with_the_test_is_mentioned():
    plain, borderline = (words(one_run(0.5, low, 1.02, 0.052)) for low in (-0.01, 0.01))
    assert ('excludes 0' in plain, 'excludes 0' in borderline) == (False, True)


def test_the_test_of_the_seeds_alone_is_mentioned_if_only_that_is_significant():
    assert 'Welch' not in words(seeds(2, -0.5, 4.5, 0.11, 0.2)) + words(seeds(2, 0.5, 3.5, 0.011, 0.001))


def test_equal_predictions():
    line = words(one_run(0, -0.1, 0.1, 1.0, only=(0, 0)))
    assert 'same samples' in line
    assert 'significant' not in line


def test_classes_that_changed():
    classes = {'sad': dict(recall=[50, 60], p_holm=0.01), 'happy': dict(recall=[80, 79], p_holm=0.5),
               'fear': dict(recall=[40, 30.5], p_holm=0.049), 'disgust': dict(recall=[0, 100], p_holm=None)}
    line = verdict(one_run(1, -1, 3, 0.4, classes=classes))[-1]
    assert re.findall(r'(\w+) \((.+?)\)', line) == [('sad', '+10.00'), ('fear', '-9.50')]
    assert 'sad' not in verdict(one_run(1, -1, 3, 0.4))[-1]


@pytest.mark.parametrize(('p', 'leak_free_p', 'significant'), [(0.01, 0.3, False), (0.3, 0.01, True)])
def test_leak_free_samples_with_another_result(p, leak_free_p, significant):
    leak_free = dict(samples=3283, difference=0.4, ci95_low=-0.1, ci95_high=0.9, p=leak_free_p)
    _, line, _ = verdict(one_run(1, 0.2, 1.8, p, leak_free=leak_free))
    assert all(number in line for number in ('3283', '+0.40', '-0.10 to +0.90', f'= {leak_free_p}'))
    assert ('not significant' in line) != significant


@pytest.mark.parametrize(('p', 'leak_free_p'), [(0.01, 0.02), (0.3, 0.4)])
def test_leak_free_samples_with_the_same_result(p, leak_free_p):
    leak_free = dict(samples=3283, difference=0.4, ci95_low=-0.1, ci95_high=0.9, p=leak_free_p)
    assert not any('3283' in line for line in verdict(one_run(1, 0.2, 1.8, p, leak_free=leak_free)))


def test_scope():
    assert '--against' in scope([one_run(1, 0, 2, 0.1)])
    assert '--against' not in scope([seeds(1, 0, 2, 0.1, 0.1)])


@pytest.mark.parametrize(('p', 'expected'), [(None, '-'), (1.0, '1'), (0.04996, '0.05'), (0.04994, '0.0499'),
                                             (0.000123, '0.000123'), (0.00009, '< 0.0001')])
def test_p(p, expected):
    assert p_text(p) == expected


def test_no_negative_zero():
    assert interval_text(dict(ci95_low=-0.004, ci95_high=0.004)) == '+0.00 to +0.00'
