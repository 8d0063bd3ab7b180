"""The measured figures of a trained model as text for the terminal."""
from __future__ import annotations

from emonext_mm.evaluation.conditions import conditions_line, subject_line
from emonext_mm.utils.tables import format_rows

Table = tuple[list[str], list[list[str]]]  # header, rows


def format_measurement(figures: dict) -> str:
    """Text of the figures of :class:`emonext_mm.apis.measure.Measurement`: conditions and tables."""
    conditions = figures['conditions']
    head = [subject_line(conditions), f'{conditions_line(conditions)}, {figures["parameters"]:,} parameters',
            str(conditions['checkpoint'])]
    parts = (part if isinstance(part, str) else format_rows(*part) for part in measurement_parts(figures).values())
    return '\n\n'.join(['\n'.join(head), *parts])


def measurement_parts(figures: dict) -> dict[str, Table | str]:
    """Tables of the figures, and a sentence, by their title."""
    return {'Accuracy': _headlines(figures), 'Per class': _classes(figures['classes']),
            'Calibration': _calibration(figures['calibration']), 'Changed faces': _robustness(figures['robustness']),
            'Largest losses': _goals(figures['goals'])}


def _headlines(figures: dict) -> Table:
    rows = []
    for key in ('single_view', 'ten_crops'):
        found = figures[key]
        leak_free = found['leak_free']
        rows.append([key.replace('_', ' '), *_accuracy(found), *(['unknown', ''] if leak_free is None else
                     _accuracy(leak_free)), *(_number(found[name]) for name in ('macro_f1', 'uar', 'ece'))])
    return ['in %', 'accuracy', '95 % interval', 'leak-free', '95 % interval', 'macro-F1', 'UAR', 'ECE'], rows


def _accuracy(found: dict) -> list[str]:
    return [_number(found['accuracy']), f'{found["ci95_low"]:.2f} to {found["ci95_high"]:.2f}']


def _classes(classes: dict) -> Table:
    rows = [[name, str(row['samples']), str(row['predicted']),
             *(_number(row[key]) for key in ('precision', 'recall', 'f1-score'))] for name, row in classes.items()]
    return ['in %', 'samples', 'predicted', 'precision', 'recall', 'F1'], rows


def _calibration(found: dict) -> str:
    return (f'temperature {found["temperature"]:.3f} (fitted on this split); ECE of the plain logits '
            f'{found["ece_before"]:.2f} %, after a cross-fitted temperature {found["ece_after"]:.2f} %')


def _robustness(groups: dict) -> Table:
    rows = [[name, _number(row['accuracy']), f'{row["loss"]:+.2f}'] for group in groups.values()
            for name, row in group.items()]
    return ['changed faces', 'accuracy in %', 'points lost'], rows


def _goals(goals: dict) -> Table:
    rows = [[goal, f'{row["loss"]:+.2f}', row['condition']] for goal, row in goals.items()]
    return ['largest loss', 'points lost', 'condition'], rows


def _number(value: float) -> str:
    return f'{value:.2f}'
