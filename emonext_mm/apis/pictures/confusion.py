"""The confusion matrix as a picture."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from matplotlib import pyplot
from matplotlib.figure import Figure
from torch import Tensor


def draw_confusion_matrix(matrix: Tensor, classes: Sequence[str]) -> Figure:
    """Draw counts (K, K), rows the true class: each cell its count, coloured by its share of the row."""
    share = matrix / matrix.sum(1, keepdim=True).clamp(min=1)
    figure, axes = pyplot.subplots(figsize=(6.4, 5.6), layout='constrained')
    image = axes.imshow(share.cpu().numpy(), cmap='Blues', vmin=0, vmax=1)
    for row, column in torch.cartesian_prod(*2 * [torch.arange(len(matrix))]).tolist():
        colour = 'white' if share[row, column] > 0.5 else 'black'
        axes.text(column, row, int(matrix[row, column]), ha='center', va='center', color=colour)
    axes.set_xticks(range(len(classes)), classes, rotation=30, ha='right')
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel='predicted', ylabel='true')
    figure.colorbar(image, label='share of the true class')
    return figure
