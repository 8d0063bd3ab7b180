"""The words follow the numbers."""
import copy

import pytest

from emonext_mm.evaluation.comparison.verdict import interval_text, p_text, reach, verdict

CLASSES = {'sad': {'recall': [50, 60], 'p_holm': 0.5}}


def one_run(difference, low, high, p, p_holm=None, clean=None, only=(10, 20), classes=CLASSES):
    found = dict(samples=3589, difference=difference, ci95_low=low, ci95_high=high, p=p, p_holm=p_holm or p,
                 only_a=only[0], only_b=only[1])
    return dict(a='A', b='B', runs=[1, 1], all=found, clean=clean, classes=classes)


def seeds(difference, low, high, p, alone):
    comparison = one_run(difference, low, high, p)
    comparison['runs'] = [3, 4]
    comparison['all']['seeds_alone'] = dict(p=alone)
    return comparison


UNDECIDED = 'This shows neither which of the two is better nor that they are equally good.'


@pytest.mark.parametrize(('comparison', 'expected'), [
    (one_run(1.2, 0.3, 2.1, 0.008),
     'B is better than A by 1.20 points (95 % interval +0.30 to +2.10): more than the noise of the 3589 samples '
     "(McNemar's exact test, p = 0.008)."),
    (one_run(-1.2, -2.1, -0.3, 1e-6),
     'A is better than B by 1.20 points (95 % interval +0.30 to +2.10): more than the noise of the 3589 samples '
     "(McNemar's exact test, p < 0.0001)."),
    (one_run(0.06, -0.8, 0.92, 0.93),
     'The difference B - A of +0.06 points (95 % interval -0.80 to +0.92) is within the noise of the 3589 samples '
     f"(McNemar's exact test, p = 0.93). {UNDECIDED}"),
    (one_run(-0.5, -1.02, -0.01, 0.052),
     'A is ahead of B by 0.50 points (95 % interval +0.01 to +1.02), at the edge of the noise of the 3589 samples: the '
     "interval leaves 0 out, McNemar's exact test does not reject it (p = 0.052). Take it as undecided."),
    (one_run(0.5, 0.01, 1.02, 0.052),
     'B is ahead of A by 0.50 points (95 % interval +0.01 to +1.02), at the edge of the noise of the 3589 samples: the '
     "interval leaves 0 out, McNemar's exact test does not reject it (p = 0.052). Take it as undecided."),
    (one_run(0.9, 0.1, 1.7, 0.03, 0.06),
     'B is ahead of A by 0.90 points (95 % interval +0.10 to +1.70), which alone would be more than the noise of the '
     "3589 samples, but not as one of several comparisons (McNemar's exact test, p = 0.03, with Holm's correction "
     '0.06).'),
    (one_run(0, -0.1, 0.1, 1.0, only=(0, 0)),
     'A and B are right on the same samples: no difference was seen.'),
    (seeds(2, 0.5, 3.5, 0.011, 0.2),
     'B is better than A by 2.00 points (95 % interval +0.50 to +3.50) on average: more than the noise of seeds and '
     'samples together (3 and 4 runs, 3589 samples, p = 0.011).'),
    (seeds(2, -0.5, 4.5, 0.11, 0.02),
     'The difference B - A of +2.00 points (95 % interval -0.50 to +4.50) is within the noise of seeds and samples '
     'together (3 and 4 runs, 3589 samples, p = 0.11). On these very samples it is more than the noise of the seeds '
     'alone (Welch, p = 0.02); other samples may turn it.'),
    (seeds(2, -0.5, 4.5, 0.11, 0.2),
     'The difference B - A of +2.00 points (95 % interval -0.50 to +4.50) is within the noise of seeds and samples '
     f'together (3 and 4 runs, 3589 samples, p = 0.11). {UNDECIDED}'),
])
def test_verdict(comparison, expected):
    given = copy.deepcopy(comparison)
    assert verdict(comparison) == [expected, "No class's recall changed by more than noise."]
    assert comparison == given


def test_classes_that_changed():
    classes = {'sad': dict(recall=[50, 60], p_holm=0.01), 'happy': dict(recall=[80, 79], p_holm=0.5),
               'fear': dict(recall=[40, 30.5], p_holm=0.049), 'disgust': dict(recall=[0, 100], p_holm=None)}
    assert verdict(one_run(1, -1, 3, 0.4, classes=classes))[1] == (
        'Recalls that changed by more than noise: sad (+10.00), fear (-9.50).')


@pytest.mark.parametrize(('p', 'clean_p', 'expected'), [
    (0.01, 0.3, 'On the 3283 samples without a copy in training alone it is within noise: +0.40 points '
                '(-0.10 to +0.90), p = 0.3.'),
    (0.3, 0.01, 'On the 3283 samples without a copy in training alone it is more than noise: +0.40 points '
                '(-0.10 to +0.90), p = 0.01.'),
    (0.01, 0.02, None), (0.3, 0.4, None),
])
def test_clean_samples_are_named_where_they_say_something_else(p, clean_p, expected):
    clean = dict(samples=3283, difference=0.4, ci95_low=-0.1, ci95_high=0.9, p=clean_p)
    assert verdict(one_run(1, 0.2, 1.8, p, clean=clean))[1:-1] == ([expected] if expected else [])


def test_how_far_it_reaches():
    assert 'One run a side says nothing of how much another seed would change' in reach([one_run(1, 0, 2, 0.1)])
    assert 'This speaks of other seeds and other samples' in reach([seeds(1, 0, 2, 0.1, 0.1)])


@pytest.mark.parametrize(('p', 'expected'), [(None, '-'), (1.0, '1'), (0.04996, '0.05'), (0.04994, '0.0499'),
                                             (0.000123, '0.000123'), (0.00009, '< 0.0001')])
def test_p(p, expected):
    assert p_text(p) == expected


def test_no_negative_zero():
    assert interval_text(dict(ci95_low=-0.004, ci95_high=0.004)) == '+0.00 to +0.00'
