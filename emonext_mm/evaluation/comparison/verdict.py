"""What a comparison shows, in words, and what it does not."""
from __future__ import annotations

ALPHA = 0.05
_UNDECIDED = 'This shows neither which of the two is better nor that they are equally good.'


def verdict(comparison: dict) -> list[str]:
    """Sentences on one of the ``comparisons`` of :func:`.comparison_data.compare`.

    "Beyond noise" is a matter of the test, p_holm < 0.05: McNemar's exact test for one run a side, the test over seeds
    and samples for several. The interval is quoted, and where it says otherwise, which it can at the edge, so do the
    words.
    """
    lines = [_one_run(comparison) if comparison['runs'] == [1, 1] else _several_runs(comparison)]
    return [*lines, *_clean(comparison), _classes(comparison['classes'])]


def reach(comparisons: list[dict]) -> str:
    """A sentence on how far the verdicts reach."""
    if comparisons[0]['runs'] == [1, 1]:
        return ('One run a side says nothing of how much another seed would change a difference; several do: '
                'compare.py A1 A2 ... --against B1 B2 ...')
    return 'This speaks of other seeds and other samples of the same kind, not of other data.'


def p_text(p: float | None, sign: str = '') -> str:
    """0.0123; < 0.0001; - for none. With the sign '= ', = 0.0123."""
    if p is None:
        return '-'
    return '< 0.0001' if p < 1e-4 else f'{sign}{p:.3g}'


def interval_text(found: dict) -> str:
    """-0.35 to +2.10"""
    return f'{_signed(found["ci95_low"])} to {_signed(found["ci95_high"])}'


def _one_run(comparison: dict) -> str:
    found = comparison['all']
    p, test = found['p_holm'], "McNemar's exact test"
    chance = f'p {p_text(found["p"], "= ")}'
    if p != found['p']:
        chance += f", with Holm's correction {p_text(p)}"
    noise = f'the noise of the {found["samples"]} samples'
    if not found['only_a'] + found['only_b']:
        return f'{comparison["a"]} and {comparison["b"]} are right on the same samples: no difference was seen.'
    if p < ALPHA:
        return f'{_leads(comparison, "is better than")}: more than {noise} ({test}, {chance}).'
    if found['p'] < ALPHA:
        return (f'{_leads(comparison, "is ahead of")}, which alone would be more than {noise}, but not as one of '
                f'several comparisons ({test}, {chance}).')
    if found['ci95_low'] > 0 or found['ci95_high'] < 0:
        return (f'{_leads(comparison, "is ahead of")}, at the edge of {noise}: the interval leaves 0 out, {test} does '
                f'not reject it ({chance}). Take it as undecided.')
    return f'{_within(comparison)} {noise} ({test}, {chance}). {_UNDECIDED}'


def _several_runs(comparison: dict) -> str:
    found = comparison['all']
    runs = ' and '.join(map(str, comparison['runs']))
    noise = (f'the noise of seeds and samples together ({runs} runs, {found["samples"]} samples, '
             f'p {p_text(found["p"], "= ")})')
    if found['p_holm'] < ALPHA:
        return f'{_leads(comparison, "is better than")} on average: more than {noise}.'
    if found['seeds_alone']['p'] < ALPHA:
        return (f'{_within(comparison)} {noise}. On these very samples it is more than the noise of the seeds alone '
                f'(Welch, p {p_text(found["seeds_alone"]["p"], "= ")}); other samples may turn it.')
    return f'{_within(comparison)} {noise}. {_UNDECIDED}'


def _leads(comparison: dict, words: str) -> str:
    """B is better than A by 1.20 points (95 % interval +0.30 to +2.10)"""
    found, behind, ahead = comparison['all'], comparison['a'], comparison['b']
    if found['difference'] < 0:
        behind, ahead = ahead, behind
        found = {'difference': -found['difference'], 'ci95_low': -found['ci95_high'], 'ci95_high': -found['ci95_low']}
    return (f'{ahead} {words} {behind} by {found["difference"]:.2f} points '
            f'(95 % interval {interval_text(found)})')


def _within(comparison: dict) -> str:
    found = comparison['all']
    return (f'The difference {comparison["b"]} - {comparison["a"]} of {_signed(found["difference"])} points '
            f'(95 % interval {interval_text(found)}) is within')


def _clean(comparison: dict) -> list[str]:
    """A line where the samples without a copy in training say something else."""
    clean, found = comparison['clean'], comparison['all']
    if clean is None or (clean['p'] < ALPHA) == (found['p'] < ALPHA):
        return []
    side = 'more than noise' if clean['p'] < ALPHA else 'within noise'
    return [f'On the {clean["samples"]} samples without a copy in training alone it is {side}: '
            f'{_signed(clean["difference"])} points ({interval_text(clean)}), p {p_text(clean["p"], "= ")}.']


def _classes(classes: dict[str, dict]) -> str:
    changed = [f'{name} ({_signed(row["recall"][1] - row["recall"][0])})' for name, row in classes.items()
               if row['p_holm'] is not None and row['p_holm'] < ALPHA]
    if not changed:
        return "No class's recall changed by more than noise."
    return f'Recalls that changed by more than noise: {", ".join(changed)}.'


def _signed(points: float) -> str:
    return f'{round(points, 2) + 0.0:+.2f}'  # never -0.00
