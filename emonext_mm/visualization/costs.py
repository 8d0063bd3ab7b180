"""Accuracy of runs over the cost of their models."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure


def draw_costs(rows: Sequence[Mapping]) -> Figure:
    """Draw the accuracy of each run over the multiply-adds of its model: the mean over its seeds, and the range.

    Args:
        rows: those of :func:`emonext_mm.experiments.results.collect`; those without a cost are left out.
    """
    figure = Figure(figsize=(8, 5), layout='constrained')
    axes = figure.subplots()
    for row in (row for row in rows if row['multiply_adds']):
        accuracy, cost = row['single']['accuracy'], row['multiply_adds'] / 1e6
        mean = accuracy['mean']
        reach = [[max(0, mean - accuracy['min'])], [max(0, accuracy['max'] - mean)]]  # a mean is rounded
        axes.errorbar(cost, mean, yerr=reach, fmt='o', capsize=3, color='tab:blue')
        axes.annotate(f'{row["name"]}\n{row["parameters"] / 1e6:.2f} M parameters', (cost, mean), (0, 8),
                      textcoords='offset points', ha='center')
    axes.set_xscale('log')
    axes.margins(x=0.3, y=0.2)  # room for the names
    axes.grid(alpha=0.3)
    axes.set(xlabel='million multiply-adds for a view of a face', ylabel='accuracy in %, single view')
    return figure
