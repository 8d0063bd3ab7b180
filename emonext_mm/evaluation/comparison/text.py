"""The comparison of runs as text for the terminal."""
from __future__ import annotations

from emonext_mm.evaluation.comparison.verdict import interval_text, p_text, scope
from emonext_mm.evaluation.conditions import conditions_line, subject_line
from emonext_mm.utils.tables import format_rows

METRICS = {'macro-F1': 'single-label/f1-score', 'UAR': 'single-label/recall', 'ECE': 'calibration/ece'}


def format_comparison(report: dict) -> str:
    """Text of a report of :func:`emonext_mm.evaluation.comparison.report.build_report`: runs, tables and verdicts."""
    sides, comparisons = report['sides'], report['comparisons']
    parts = [_header(report), _metrics(sides)]
    if any(len(side['runs']) > 1 for side in sides):
        parts.append(_spreads(sides))
    for comparison in comparisons:
        parts += [_differences(comparison), _classes(comparison), '\n'.join(comparison['verdict'])]
    return '\n\n'.join([*parts[:-1], f'{parts[-1]}\n{scope(comparisons)}'])


def _header(report: dict) -> str:
    lines = [_subject(report)]
    for side in report['sides']:
        for name, run in _named_runs(side):
            lines += [f'{name:<3} {run["file"]}', f'    {_conditions(run["conditions"])}']
    return '\n'.join([*lines, *(f'caution: {line}' for line in report['cautions'])])


def _named_runs(side: dict) -> list[tuple[str, dict]]:
    """The runs of a side as A, or as A1, A2, ..."""
    runs = side['runs']
    return [(side['name'] + (str(number) if len(runs) > 1 else ''), run) for number, run in enumerate(runs, 1)]


def _subject(report: dict) -> str:
    try:
        return subject_line(report['sides'][0]['runs'][0]['conditions'])
    except (KeyError, TypeError):
        return f'{report["samples"]} samples'


def _conditions(conditions: dict) -> str:
    """The conditions as far as they are known: other programs may write such files too."""
    try:
        line = conditions_line(conditions)
    except (KeyError, TypeError):
        return 'conditions unknown'
    options = conditions.get('cfg_options') or {}
    return ', '.join([line, *(f'{key}={value}' for key, value in options.items())])


def _metrics(sides: list[dict]) -> str:
    rows = []
    for side in sides:
        for name, run in _named_runs(side):
            metrics = run['metrics']
            interval = f'{metrics["accuracy/ci95_low"]:.2f} to {metrics["accuracy/ci95_high"]:.2f}'
            rows.append([name, _number(metrics['accuracy/top1']), interval,
                         *(_number(metrics[key]) for key in METRICS.values())])
    return format_rows(['in %', 'accuracy', '95 % interval', *METRICS], rows)


def _spreads(sides: list[dict]) -> str:
    """Mean, standard deviation and range over the runs of each side."""
    rows = [[f'{side["name"]}, {name}', str(len(side['runs'])),
             *(_number(side[key][column]) for column in ('mean', 'sd', 'min', 'max'))]
            for side in sides for name, key in (('accuracy', 'accuracy'), ('macro-F1', 'macro_f1'))]
    return format_rows(['over the runs, in %', 'runs', 'mean', 'standard deviation', 'lowest', 'highest'], rows)


def _differences(comparison: dict) -> str:
    a, b = comparison['a'], comparison['b']
    several = comparison['runs'] != [1, 1]
    tests = ('p', 'seeds alone', 'p') if several else (f'only {a} right', f'only {b} right', "McNemar's p")
    rows = []
    for name, found in (('all', comparison['all']), ('leak-free', comparison['leak_free'])):
        if found is None:
            continue
        if several:
            alone = found['seeds_alone']
            cells = [p_text(found['p']), interval_text(alone), p_text(alone['p'])]
        else:
            cells = [str(found['only_a']), str(found['only_b']), p_text(found['p'])]
        rows.append([f'{name}, {found["samples"]}', *map(_number, found['accuracy']), f'{found["difference"]:+.2f}',
                     interval_text(found), *cells])
    return format_rows(['accuracy in %', a, b, f'{b} - {a}', '95 % interval', *tests], rows)


def _classes(comparison: dict) -> str:
    a, b = comparison['a'], comparison['b']
    rows = [[name, str(row['samples']), *_change(row['recall']), p_text(row['p_holm']), *_change(row['f1-score'])]
            for name, row in comparison['classes'].items()]
    return format_rows(['in %', 'samples', f'recall {a}', b, 'change', 'p (Holm)', f'F1 {a}', b, 'change'], rows)


def _change(pair: list[float]) -> list[str]:
    before, after = pair
    return [_number(before), _number(after), f'{after - before:+.2f}']


def _number(value: float) -> str:
    return f'{value:.2f}'
