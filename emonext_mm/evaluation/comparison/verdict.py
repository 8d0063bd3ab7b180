"""The result of a comparison in sentences, with the limits of that result."""
from __future__ import annotations

ALPHA = 0.05
_UNDECIDED = 'The data do not show which of the two is better, nor that they are equal.'


def verdict(comparison: dict) -> list[str]:
    """Sentences on one of the ``comparisons`` of :func:`emonext_mm.evaluation.comparison.report.build_report`.

    "Significant" means p_holm < 0.05: McNemar's exact test for one run per side, the test over seeds and samples for
    several. The interval comes from another test. Near the limit the two can disagree; the sentence then says that.
    """
    lines = [_one_run(comparison) if comparison['runs'] == [1, 1] else _several_runs(comparison)]
    return [*lines, *_leak_free(comparison), _classes(comparison['classes'])]


def scope(comparisons: list[dict]) -> str:
    """A sentence on what the verdicts do not cover."""
    if comparisons[0]['runs'] == [1, 1]:
        return ('One run per side does not show how much the difference varies between seeds. To measure that, give '
                'several runs per side: compare.py A1 A2 ... --against B1 B2 ...')
    return 'The test covers other seeds and other samples of the same kind, but not other data sets.'


def p_text(p: float | None, sign: str = '') -> str:
    """A p-value as 0.0123, < 0.0001, or - for None; with the sign '= ': = 0.0123."""
    if p is None:
        return '-'
    return '< 0.0001' if p < 1e-4 else f'{sign}{p:.3g}'


def interval_text(found: dict) -> str:
    """Format an interval, such as ``-0.35 to +2.10``."""
    return f'{_signed(found["ci95_low"])} to {_signed(found["ci95_high"])}'


def _one_run(comparison: dict) -> str:
    found = comparison['all']
    p = found['p_holm']
    test = f"McNemar's exact test, {found['samples']} samples, p {p_text(found['p'], '= ')}"
    if p != found['p']:
        test += f"; after Holm's correction for several comparisons p {p_text(p, '= ')}"
    if not found['only_a'] + found['only_b']:
        return f'{comparison["a"]} and {comparison["b"]} are right on the same samples: there is no difference.'
    if p < ALPHA:
        return f'{_better(comparison)}. The difference is significant ({test}).'
    if found['p'] < ALPHA:
        return (f'{_difference(comparison)}. It would be significant as a single comparison, but it is not after the '
                f'correction for several ({test}). {_UNDECIDED}')
    if found['ci95_low'] > 0 or found['ci95_high'] < 0:
        return (f'{_difference(comparison)}. This is a borderline case: the interval excludes 0, but the difference is '
                f'not significant ({test}). {_UNDECIDED}')
    return f'{_difference(comparison)}. It is not significant ({test}). {_UNDECIDED}'


def _several_runs(comparison: dict) -> str:
    found, alone = comparison['all'], comparison['all']['seeds_alone']
    runs = ' and '.join(map(str, comparison['runs']))
    test = f'test over seeds and samples, {runs} runs, {found["samples"]} samples, p {p_text(found["p"], "= ")}'
    if found['p_holm'] < ALPHA:
        return f'{_better(comparison)} on average. The difference is significant ({test}).'
    if alone['p'] < ALPHA:
        return (f'{_difference(comparison)}. It is not significant ({test}). Over the seeds alone, on exactly these '
                f"samples, it is significant (Welch's test, p {p_text(alone['p'], '= ')}); other samples may give "
                'another result.')
    return f'{_difference(comparison)}. It is not significant ({test}). {_UNDECIDED}'


def _better(comparison: dict) -> str:
    """Format as ``B is better than A by 1.20 points (95 % interval +0.30 to +2.10)``."""
    found, worse, better = comparison['all'], comparison['a'], comparison['b']
    if found['difference'] < 0:
        worse, better = better, worse
        found = {'difference': -found['difference'], 'ci95_low': -found['ci95_high'], 'ci95_high': -found['ci95_low']}
    return f'{better} is better than {worse} by {found["difference"]:.2f} points (95 % interval {interval_text(found)})'


def _difference(comparison: dict) -> str:
    found = comparison['all']
    return (f'The difference {comparison["b"]} - {comparison["a"]} is {_signed(found["difference"])} points '
            f'(95 % interval {interval_text(found)})')


def _leak_free(comparison: dict) -> list[str]:
    """A sentence if significance on the leak-free samples differs from significance on all samples."""
    leak_free, found = comparison['leak_free'], comparison['all']
    if leak_free is None or (leak_free['p'] < ALPHA) == (found['p'] < ALPHA):
        return []
    result = 'significant' if leak_free['p'] < ALPHA else 'not significant'
    return [f'On the {leak_free["samples"]} leak-free samples alone the difference is {result}: '
            f'{_signed(leak_free["difference"])} points (95 % interval {interval_text(leak_free)}, '
            f'p {p_text(leak_free["p"], "= ")}).']


def _classes(classes: dict[str, dict]) -> str:
    changed = [f'{name} ({_signed(row["recall"][1] - row["recall"][0])})' for name, row in classes.items()
               if row['p_holm'] is not None and row['p_holm'] < ALPHA]
    if not changed:
        return 'No class has a significant change in recall.'
    return f'Significant changes in recall: {", ".join(changed)}.'


def _signed(points: float) -> str:
    return f'{round(points, 2) + 0.0:+.2f}'  # never -0.00
