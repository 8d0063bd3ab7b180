"""The statistics against published examples, SciPy, definitions and simulations."""
from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy import optimize, stats

from emonext_mm.evaluation.comparison.statistics import (
    accuracy_difference,
    discordant,
    holm,
    mcnemar,
    paired_difference,
    power,
    seeds_and_samples_difference,
    seeds_difference,
    tango_interval,
)

Z = stats.norm.ppf(0.975)


def draw(runs, samples, rng, of_samples=1.0, of_method=0.0, of_seeds=0.0, of_both=0.5, mean=0.6, shared=None):
    """(K, N) bool: right where a sum of normal effects is positive; ``shared`` (N,) makes samples easy or difficult."""
    shared = np.zeros(samples) if shared is None else shared
    effects = (mean + of_samples * shared + of_method * rng.normal(size=samples)
               + of_seeds * rng.normal(size=(runs, 1)) + of_both * rng.normal(size=(runs, samples)))
    return effects > 0


# smoke

def test_smoke():
    a, b = np.array([[1, 1, 0, 0, 1]], bool), np.array([[0, 1, 1, 1, 1]], bool)
    assert discordant(a[0], b[0]) == (1, 2)
    found = accuracy_difference(a, b)
    assert found.value == pytest.approx(0.2)
    assert found.low < 0 < found.high
    assert found.p == 1


# exceptions

@pytest.mark.parametrize(('shapes', 'message'), [
    (((1, 3), (1, 4)), '3 and 4 samples, .* 1 or more'),
    (((1, 0), (1, 0)), '0 and 0 samples, .* 1 or more'),
    (((2, 1), (2, 1)), '1 and 1 samples, .* 2 or more'),
    (((1, 5), (2, 5)), 'two or more runs per side, got 1'),
    (((3, 5), (1, 5)), 'two or more runs per side, got 1'),
])
def test_shapes_that_do_not_fit(shapes, message):
    with pytest.raises(ValueError, match=message):
        accuracy_difference(*(np.ones(shape, bool) for shape in shapes))


@pytest.mark.parametrize(('only_a', 'only_b', 'samples'), [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_invalid_counts(only_a, only_b, samples):
    with pytest.raises(ValueError, match=f'only_a {only_a}, only_b {only_b}, samples {samples}'):
        tango_interval(only_a, only_b, samples)


# one run per side

@pytest.mark.parametrize(('only_a', 'only_b'), [(0, 0), (0, 1), (0, 6), (4, 4), (3, 11), (11, 3), (120, 163)])
def test_mcnemar_by_summing_binomial_coefficients(only_a, only_b):
    count = only_a + only_b
    tail = sum(comb(count, k) for k in range(min(only_a, only_b) + 1)) / 2 ** count
    assert mcnemar(only_a, only_b) == pytest.approx(min(1, 2 * tail), rel=1e-9)


def test_published_example():
    """Cavo et al. 2012, of 161 patients 6 with a complete response before consolidation therapy alone, 16 after it
    alone: Fagerland, Lydersen & Laake, "Statistical Analysis of Contingency Tables", 2017, chapter 8, and its R package
    contingencytables."""
    assert tango_interval(16, 6, 161) == pytest.approx((-0.1240, -0.0054), abs=5e-5)
    assert mcnemar(16, 6) == pytest.approx(0.052479, abs=5e-7)


def test_example_of_another_implementation():
    """R's PropCIs::scoreci.mp(60, 20, 1000)."""
    assert tango_interval(60, 20, 1000) == pytest.approx((-0.0584, -0.0231), abs=1e-4)


@pytest.mark.parametrize(('only_a', 'only_b', 'samples'), [(3, 9, 40), (9, 3, 40), (120, 163, 3589), (0, 7, 30)])
@pytest.mark.parametrize('level', [0.9, 0.95])
def test_ends_of_the_interval_are_at_the_limit_of_the_score_test(only_a, only_b, samples, level):
    """The maximum likelihood estimate for a given difference is found by search, not in closed form."""
    for delta in tango_interval(only_a, only_b, samples, level):
        def unlikely(share, delta=delta):
            parts = np.array([share, share + delta, 1 - 2 * share - delta])
            counts = np.array([only_a, only_b, samples - only_a - only_b])
            return -stats.multinomial.logpmf(counts, samples, parts / parts.sum())

        share = optimize.minimize_scalar(unlikely, bounds=(max(0, -delta) + 1e-12, (1 - delta) / 2 - 1e-12),
                                         method='bounded', options=dict(xatol=1e-12)).x
        variance = (2 * share + delta - delta ** 2) / samples
        score = abs((only_b - only_a) / samples - delta) / variance ** 0.5
        assert score == pytest.approx(stats.norm.ppf((1 + level) / 2), abs=1e-3)


@pytest.mark.parametrize('samples', [1, 10, 3589])
def test_interval_where_all_samples_are_of_one_kind(samples):
    reach = Z ** 2 / (samples + Z ** 2)
    assert tango_interval(0, 0, samples) == pytest.approx((-reach, reach))
    bound = (samples - Z ** 2) / (samples + Z ** 2)
    assert tango_interval(0, samples, samples) == pytest.approx((bound, 1))
    assert tango_interval(samples, 0, samples) == pytest.approx((-1, -bound))


def test_sides_exchanged():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 90)) < 0.7
    one, other = paired_difference(a, b), paired_difference(b, a)
    assert (one.value, one.low, one.high, one.p) == pytest.approx((-other.value, -other.high, -other.low, other.p))


@pytest.mark.parametrize('samples', [400, 4000])
def test_interval_and_test_agree_except_near_the_limit(samples):
    """The interval excludes 0 where McNemar's asymptotic test rejects, and wherever the exact one does."""
    edge = 0
    for count in range(1, 121, 3):
        for only_a in range(count // 2 + 1):
            only_b = count - only_a
            excludes_0 = tango_interval(only_a, only_b, samples)[0] > 0
            assert excludes_0 == ((only_b - only_a) ** 2 / count > Z ** 2)
            rejects = mcnemar(only_a, only_b) < 0.05
            assert excludes_0 or not rejects
            edge += excludes_0 and not rejects
    assert 0 < edge < 40  # at most once for each of 40 counts


@pytest.mark.parametrize(('share_a', 'share_b'), [(0.1, 0.1), (0.05, 0.15), (0.3, 0.1), (0.02, 0.2)])
def test_coverage_by_enumeration(share_a, share_b):
    """Over all tables of 40 samples, weighted by probability, close to 95 % of the intervals contain the true value."""
    samples = 40
    coverage = false_alarms = 0
    for only_a in range(samples + 1):
        for only_b in range(samples + 1 - only_a):
            rest = samples - only_a - only_b
            chance = stats.multinomial.pmf([only_a, only_b, rest], samples, [share_a, share_b, 1 - share_a - share_b])
            if chance > 1e-7:
                low, high = tango_interval(only_a, only_b, samples)
                coverage += chance * (low <= share_b - share_a <= high)
                false_alarms += chance * (mcnemar(only_a, only_b) < 0.05)
    assert 0.92 < coverage < 0.975
    if share_a == share_b:
        assert false_alarms < 0.05


# several runs per side

def test_seeds_alone_against_scipy():
    rng = np.random.default_rng(1)
    a, b = draw(3, 50, rng), draw(5, 50, rng, mean=0.9)
    expected = stats.ttest_ind(b.mean(1), a.mean(1), equal_var=False)
    interval = expected.confidence_interval(0.95)
    found = seeds_difference(a, b)
    assert found == pytest.approx((b.mean() - a.mean(), interval.low, interval.high, expected.pvalue))


@pytest.mark.parametrize('runs', [2, 3, 6])
def test_seeds_and_samples_against_the_analysis_of_variance(runs):
    """The F test of Dorfman, Berbaum & Metz, readers nested in treatments, with sums of squares from their definition;
    and Hillis's degrees of freedom."""
    rng = np.random.default_rng(runs)
    samples = 80
    shared = rng.normal(size=samples)
    y = np.stack([draw(runs, samples, rng, shared=shared, of_method=0.7, of_seeds=0.2, mean=mean)
                  for mean in (0.4, 0.9)]).astype(float)  # (treatments, readers, cases)
    grand, of_t, of_tr, of_c, of_tc = y.mean(), y.mean((1, 2)), y.mean(2), y.mean((0, 1)), y.mean(1)
    ms_t = runs * samples * ((of_t - grand) ** 2).sum()
    ms_r = samples * ((of_tr - of_t[:, None]) ** 2).sum() / (2 * (runs - 1))
    ms_tc = runs * ((of_tc - of_t[:, None] - of_c + grand) ** 2).sum() / (samples - 1)
    rest = y - of_tr[:, :, None] - of_tc[:, None] + of_t[:, None, None]
    ms_cr = (rest ** 2).sum() / (2 * (runs - 1) * (samples - 1))
    denominator = ms_r + max(ms_tc - ms_cr, 0)
    # Pooled, the seeds' degrees of freedom; with a variance of each side, as here, they are Satterthwaite's.
    sides = samples * of_tr.var(1, ddof=1)
    freedom = (2 * denominator) ** 2 / ((sides ** 2).sum() / (runs - 1))
    found = seeds_and_samples_difference(*y.astype(bool))
    assert found.p == pytest.approx(stats.f.sf(ms_t / denominator, 1, freedom), rel=1e-9)
    error = (2 * denominator / (runs * samples)) ** 0.5
    reach = stats.t.ppf(0.975, freedom) * error
    assert (found.low, found.high) == pytest.approx((found.value - reach, found.value + reach))
    assert found.value == pytest.approx(of_t[1] - of_t[0])


@pytest.mark.parametrize(('runs', 'of_seeds'), [((3, 3), 0.0), ((3, 5), 0.1), ((5, 5), 0.02)])
def test_coverage_over_seeds_and_samples(runs, of_seeds):
    """Two methods with equal accuracy on average but different easy samples: the interval over seeds and samples
    contains 0 in close to 95 % of the cases, the interval over the seeds alone less often."""
    rng = np.random.default_rng(2)
    held = alone = 0
    for _ in range(500):
        shared = rng.normal(size=300)
        a, b = (draw(count, 300, rng, of_method=0.7, of_seeds=of_seeds, shared=shared) for count in runs)
        low, high = seeds_and_samples_difference(a, b)[1:3]
        held += low <= 0 <= high
        low, high = seeds_difference(a, b)[1:3]
        alone += low <= 0 <= high
    assert 0.92 < held / 500 < 0.985
    assert alone < held - 15


def test_without_a_variance_of_samples_it_is_welchs_test():
    """Independent random runs: the apparent variance over samples is the interaction, which is subtracted."""
    rng = np.random.default_rng(3)
    found = [(seeds_difference(a, b), seeds_and_samples_difference(a, b))
             for a, b in (rng.random((2, 4, 200)) < 0.6 for _ in range(30))]
    equal = sum(alone == pytest.approx(both) for alone, both in found)
    assert 5 < equal < 25  # the estimate of a variance of 0 is negative half the time


@pytest.mark.parametrize(('b', 'expected'), [(True, (0, 0, 0, 1)), (False, (-1, -1, -1, 0))])
def test_nothing_varies(b, expected):
    assert accuracy_difference(np.ones((2, 9), bool), np.full((3, 9), b)) == expected


def test_several_runs_are_tested_over_seeds_and_samples():
    rng = np.random.default_rng(4)
    a, b = draw(3, 60, rng, of_method=1), draw(3, 60, rng, of_method=1, mean=1)
    assert accuracy_difference(a, b) == seeds_and_samples_difference(a, b) != seeds_difference(a, b)


# several comparisons

@pytest.mark.parametrize('p_values', [[0.01, 0.04, 0.03, 0.005], [0.5, 0.02, 0.02], [0.9, 1, 0.4], [0.03], []])
def test_holm_is_the_closed_test_of_bonferroni(p_values):
    """A hypothesis is rejected if every set that contains it is: smallest p times size of the set."""
    expected = [max(min(1, size * min(p_values[j] for j in chosen))
                    for size in range(1, len(p_values) + 1) for chosen in combinations(range(len(p_values)), size)
                    if i in chosen) for i in range(len(p_values))]
    assert holm(p_values) == pytest.approx(expected)


@pytest.mark.parametrize(('value', 'expected'), [(0, 0.05), (0.015, None), (-0.015, None), (1, 1)])
def test_power(value, expected):
    """That of SciPy's Student test on simulated accuracies: equal variances, whose degrees of freedom are known."""
    deviation, runs = 0.01, 5
    if expected is None:
        first, second = np.random.default_rng(0).normal([[[0.0]], [[value]]], deviation, (2, runs, 50_000))
        expected = (stats.ttest_ind(first, second).pvalue < 0.05).mean()
    assert power(value, [deviation ** 2 / runs] * 2, [runs] * 2, 0) == pytest.approx(expected, abs=0.01)
