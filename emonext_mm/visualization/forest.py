"""Forest plot of the differences between runs."""
from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure


def draw_forest(report: Mapping) -> Figure:
    """Draw the difference of each run to the first one with its 95 % interval.

    Args:
        report: see :func:`emonext_mm.experiments.report.compare_runs`.
    """
    first, *rows = report['rows']
    figure = Figure(figsize=(8, 1.2 + 0.35 * len(rows)), layout='constrained')
    axes = figure.subplots()
    for place, row in enumerate(rows):
        below, above = row['difference'] - row['ci95_low'], row['ci95_high'] - row['difference']
        axes.errorbar(row['difference'], place, xerr=[[below], [above]], fmt='o', capsize=3, color='tab:blue')
    axes.axvline(0, color='grey', linewidth=1)
    axes.set_yticks(range(len(rows)), [row['name'] for row in rows])
    axes.invert_yaxis()
    axes.grid(axis='x', alpha=0.3)
    axes.set_xlabel(f'difference to {first["name"]} ({first["accuracy"]["mean"]:.2f} %) in points, 95 % interval')
    return figure
