"""Forest plot of the differences between runs."""
from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure


def draw_forest(report: Mapping) -> Figure:
    """Draw the difference of each run to the first one with its 95 % interval.

    The marker is hollow where the interval covers the images alone, because there is one common seed.

    Args:
        report: see :func:`emonext_mm.experiments.report.compare_runs`.
    """
    first, *rows = report['rows']
    figure = Figure(figsize=(8, 1.2 + 0.35 * len(rows)), layout='constrained')
    axes = figure.subplots()
    for place, row in enumerate(rows):
        below, above = row['difference'] - row['ci95_low'], row['ci95_high'] - row['difference']
        axes.errorbar(row['difference'], place, xerr=[[below], [above]], fmt='o', capsize=3, color='tab:blue',
                      markerfacecolor='tab:blue' if len(row['compared']) > 1 else 'white')
    axes.axvline(0, color='grey', linewidth=1)
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows])
    axes.invert_yaxis()
    axes.grid(axis='x', alpha=0.3)
    hollow = ' (hollow: of the images alone)' if any(len(row['compared']) == 1 for row in rows) else ''
    axes.set_xlabel(f'difference to {first["name"]} in points, 95 % interval{hollow}')
    return figure


def _label(row: Mapping) -> str:
    seeds = len(row['compared'])
    return f'{row["name"]}, {seeds} seed{"s" * (seeds > 1)}'
