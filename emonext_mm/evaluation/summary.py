"""The summary of a test as a few lines of text."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emonext_mm.evaluation.conditions import conditions_line, subject_line

NUMBERS = {  # label -> the value, and the ends of its interval
    'accuracy': ('accuracy/top1', 'accuracy/ci95_low', 'accuracy/ci95_high'),
    'leak-free': ('leak_free/accuracy', 'leak_free/ci95_low', 'leak_free/ci95_high'),
    'macro-F1': ('single-label/f1-score', ),
    'UAR': ('single-label/recall', ),
    'ECE': ('calibration/ece', ),
}


def format_summary(metrics: Mapping, conditions: dict, files: Mapping[str, Path]) -> str:
    """Format the conditions, the main metrics as far as they were measured, and the files of a test.

    Args:
        metrics: as ``runner.test()`` returns them, in %.
        conditions: as ``ConditionsHook.describe`` returns them.
        files: label -> file.
    """
    lines = [subject_line(conditions), _line('conditions', conditions_line(conditions))]
    lines += [_line(label, _number(metrics, *keys)) for label, keys in NUMBERS.items() if keys[0] in metrics]
    return '\n'.join([*lines, *(_line(label, path) for label, path in files.items())])


def _line(label: str, value: object) -> str:
    return f'{label:<17}{value}'


def _number(metrics: Mapping, value: str, *interval: str) -> str:
    ends = ' to '.join(f'{metrics[key]:.2f}' for key in interval if key in metrics)
    return f'{metrics[value]:.2f} %' + (f' (95 % interval {ends})' if ends else '')
