"""The confusion matrix as a figure."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor


def draw_confusion_matrix(matrix: Tensor, classes: Sequence[str]) -> Figure:
    """Draw a confusion matrix: each cell shows its count and its percentage of the row, which sets the colour.

    Args:
        matrix: (K, K), counts; the row is the true class, the column the predicted one.
        classes: K names.
    """
    matrix = matrix.cpu()
    share = matrix / matrix.sum(1, keepdim=True).clamp(min=1)
    figure = Figure(figsize=(6.6, 5.7), layout='constrained')
    axes = figure.subplots()
    image = axes.imshow(share.numpy(), cmap='Blues', vmin=0, vmax=1)
    for row, column in torch.cartesian_prod(*2 * [torch.arange(len(matrix))]).tolist():
        text = f'{int(matrix[row, column])}\n{100 * share[row, column]:.0f} %'
        color = 'white' if share[row, column] > 0.5 else 'black'
        axes.text(column, row, text, ha='center', va='center', color=color, fontsize=9)
    axes.set_xticks(range(len(classes)), classes, rotation=30, ha='right')
    axes.set_yticks(range(len(classes)), [f'{name} ({int(n)})' for name, n in zip(classes, matrix.sum(1))])
    hits, total = int(matrix.trace()), int(matrix.sum())
    axes.set(xlabel='predicted', ylabel='true', title=f'{hits} of {total} correct: {100 * hits / max(total, 1):.2f} %')
    figure.colorbar(image, label='share of the true class', shrink=0.8)
    return figure
