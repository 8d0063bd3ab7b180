"""Learning curves: the logged values of a training run against the epoch."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emonext_mm.utils.training_log import TrainingLog

_BEST = 'accuracy/top1'  # by which the configs choose the best checkpoint
_INTERVAL = ('accuracy/ci95_low', 'accuracy/ci95_high')
_SCORES = {_BEST: 'accuracy', 'single-label/f1-score': 'macro-F1'}
_REGULARISER = ('loss_sa', 'sa_variance')


def draw_curves(log: TrainingLog, name: str) -> Figure:
    """Draw losses, self-attention variance, validation scores and learning rate, as far as they were logged.

    A star marks the best epoch, which is the first of the highest accuracy, as for the best checkpoint.

    Args:
        name: the name of the run, for the title.
    """
    trained, validated = set(log.training[0]), set().union(*log.validation)
    losses = sorted(key for key in trained if 'loss' in key and key not in _REGULARISER)
    panels = [
        ('training loss', _draw_training, losses),
        ('validation, %', _draw_scores, [key for key in _SCORES if key in validated]),
        ('self-attention variance', _draw_training, [key for key in _REGULARISER if key in trained]),
        ('learning rate', _draw_training, [key for key in ('base_lr', ) if key in trained]),
    ]
    panels = [panel for panel in panels if panel[-1]]
    rows = -(-len(panels) // 2)
    figure = Figure(figsize=(11, 3.5 * rows + 0.4), layout='constrained')
    figure.suptitle(f'Learning curves of {name}')
    grid = figure.subplots(rows, 2, squeeze=False, sharex=True).ravel()
    for axes, (label, draw, keys) in zip(grid, panels):
        draw(axes, log, keys)
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_tick_params(labelbottom=True)
        axes.set(xlabel=_unit(log), ylabel=label)
    for empty in grid[len(panels):]:
        empty.set_axis_off()
    return figure


def _draw_training(axes: Axes, log: TrainingLog, names: Sequence[str]) -> None:
    epochs = log.training_epochs()
    for name, style in zip(names, ('-', '--', ':')):
        axes.plot(epochs, _values(log.training, name), style, label=name, marker='.' if len(epochs) == 1 else None)
    axes.yaxis.set_major_formatter('{x:g}')
    if len(names) > 1:
        _legend_above(axes)


def _draw_scores(axes: Axes, log: TrainingLog, names: Sequence[str]) -> None:
    epochs = _values(log.validation, 'step')
    for name, style in zip(names, ('.-', '.--')):
        axes.plot(epochs, _values(log.validation, name), style, label=_SCORES[name])
    low, high = (_values(log.validation, name) for name in _INTERVAL)
    if np.isfinite(low).any():
        axes.fill_between(epochs, low, high, alpha=0.2, color='tab:blue', label='95 % interval of the accuracy')
    scores = _values(log.validation, _BEST)
    if np.isfinite(scores).any():
        best = int(np.nanargmax(scores))
        axes.plot(epochs[best], scores[best], '*', color='tab:red', markersize=12, zorder=3,
                  label=f'best accuracy: {scores[best]:.2f} %, {_unit(log)} {epochs[best]:g}')
    _legend_above(axes)


def _legend_above(axes: Axes) -> None:
    """Add a legend above the axes, where it hides no curve."""
    axes.legend(loc='lower center', bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)


def _unit(log: TrainingLog) -> str:
    return 'epoch' if 'epoch' in log.training[0] else 'iteration'


def _values(entries: Sequence[dict], name: str) -> np.ndarray:
    """The values of one key; NaN, which leaves a gap in a curve, where an entry lacks the key."""
    return np.array([entry.get(name, np.nan) for entry in entries], float)
