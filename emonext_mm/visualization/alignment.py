"""Accuracy of runs on faces that are turned, scaled and shifted."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure


def draw_alignment(curves: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]]) -> Figure:
    """Draw a panel for each curve, with a line for each run: the mean over its seeds, and a band from least to most.

    Args:
        curves: run -> curve -> value -> accuracies in %, one for each seed.
    """
    names = list(next(iter(curves.values())))
    figure = Figure(figsize=(11, 3.6 * -(-len(names) // 2)), layout='constrained')
    grid = figure.subplots(-(-len(names) // 2), 2, squeeze=False, sharey=True).ravel()
    for axes, name in zip(grid, names):
        for run, found in curves.items():
            values = [float(value) for value in found[name]]
            accuracies = np.array(list(found[name].values()))
            line, = axes.plot(values, accuracies.mean(1), marker='.', label=run)
            axes.fill_between(values, accuracies.min(1), accuracies.max(1), alpha=0.15, color=line.get_color())
        axes.grid(alpha=0.3)
        axes.set(xlabel=name, ylabel='accuracy in %')
        axes.set_xticks(values, list(found[name]))
    for empty in grid[len(names):]:
        empty.set_axis_off()
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside upper center', ncols=len(labels), frameon=False)
    return figure
