"""The comparison of runs as a person reads it."""
from __future__ import annotations

from emonext_mm.evaluation.comparison.verdict import interval_text, p_text, reach
from emonext_mm.evaluation.conditions import conditions_line, subject_line

SCORES = {'macro-F1': 'single-label/f1-score', 'UAR': 'single-label/recall', 'ECE': 'calibration/ece'}


def to_text(plain: dict) -> str:
    """The report, from :func:`.comparison_data.compare`."""
    return '\n'.join([
        *_runs(plain),
        *(f'caution: {line}' for line in plain['cautions']),
        '', *_accuracies(plain['sides']),
        *(line for comparison in plain['comparisons'] for line in _comparison(comparison)),
        reach(plain['comparisons']),
    ])


def _runs(plain: dict) -> list[str]:
    lines = [_subject(plain)]
    for side in plain['sides']:
        for name, run in _named_runs(side):
            lines += [f'{name:<3} {run["file"]}', f'    {_conditions(run["conditions"])}']
    return lines


def _named_runs(side: dict) -> list[tuple[str, dict]]:
    """A, or A1, A2, ..."""
    runs = side['runs']
    return [(side['name'] + (str(number) if len(runs) > 1 else ''), run) for number, run in enumerate(runs, 1)]


def _subject(plain: dict) -> str:
    try:
        return subject_line(plain['sides'][0]['runs'][0]['conditions'])
    except (KeyError, TypeError):
        return f'{plain["samples"]} samples'


def _conditions(conditions: dict) -> str:
    """As far as they are known: a file may be of somebody else's making."""
    try:
        line = conditions_line(conditions)
    except (KeyError, TypeError):
        return 'conditions not known'
    options = conditions.get('cfg_options') or {}
    return ', '.join([line, *(f'{key}={value}' for key, value in options.items())])


def _accuracies(sides: list[dict]) -> list[str]:
    lines = [f'{"in %":<17}{"accuracy":>8}{"95 % interval":>17}' + ''.join(f'{name:>10}' for name in SCORES)]
    for side in sides:
        for name, run in _named_runs(side):
            metrics = run['metrics']
            interval = f'{metrics["accuracy/ci95_low"]:.2f} to {metrics["accuracy/ci95_high"]:.2f}'
            lines.append(f'{name:<17}{metrics["accuracy/top1"]:>8.2f}{interval:>17}'
                         + ''.join(f'{metrics[key]:>10.2f}' for key in SCORES.values()))
        if len(side['runs']) > 1:
            lines += [f'{side["name"]}, mean of {len(side["runs"])}'.ljust(17) + _spread(side['accuracy'])
                      + f'; macro-F1 {_spread(side["macro_f1"]).strip()}']
    return lines


def _spread(values: dict) -> str:
    return (f'{values["mean"]:>8.2f}, standard deviation {values["sd"]:.2f}, '
            f'{values["min"]:.2f} to {values["max"]:.2f}')


def _comparison(comparison: dict) -> list[str]:
    a, b = comparison['a'], comparison['b']
    return ['', *_differences(comparison), '', *_classes(a, b, comparison['classes']), '', *comparison['verdict']]


def _differences(comparison: dict) -> list[str]:
    a, b = comparison['a'], comparison['b']
    several = comparison['runs'] != [1, 1]
    kinds = ('p', 'seeds alone', 'p') if several else (f'only {a} right', f'only {b} right', "McNemar's p")
    lines = [f'{"accuracy in %":<27}{a:>6}{b:>8}{f"{b} - {a}":>8}{"95 % interval":>18}' + _columns(kinds)]
    for name, found in (('all', comparison['all']), ('no copy in training', comparison['clean'])):
        if found is None:
            continue
        before, after = found['accuracy']
        if several:
            alone = found['seeds_alone']
            cells = (p_text(found['p']), interval_text(alone), p_text(alone['p']))
        else:
            cells = (found['only_a'], found['only_b'], p_text(found['p']))
        lines.append(f'{name + ", " + str(found["samples"]):<27}{before:>6.2f}{after:>8.2f}{found["difference"]:>+8.2f}'
                     f'{interval_text(found):>18}' + _columns(cells))
    return lines


def _columns(cells: tuple) -> str:
    return f'{cells[0]:>14}{cells[1]:>18}{cells[2]:>13}'


def _classes(a: str, b: str, classes: dict[str, dict]) -> list[str]:
    width = max(map(len, classes)) + 2
    lines = [f'{"in %":<{width}}{"samples":>8}' + ''.join(
        f'{score + " " + a:>13}{b:>8}{"change":>8}' + (f'{"p (Holm)":>10}' if score == 'recall' else '')
        for score in ('recall', 'F1'))]
    for name, row in classes.items():
        line = f'{name:<{width}}{row["samples"]:>8}'
        for score in ('recall', 'f1-score'):
            before, after = row[score]
            line += f'{before:>13.2f}{after:>8.2f}{after - before:>+8.2f}'
            line += f'{p_text(row["p_holm"]):>10}' if score == 'recall' else ''
        lines.append(line)
    return lines
