"""A grid of captioned images."""
from __future__ import annotations

from collections.abc import Sequence

import mmcv
import numpy as np
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset

_WIDTH, _HEIGHT = 1.4, 1.3  # of a cell without its caption, in inches
_LINE = 0.16  # a line of a caption, in inches


def raw_image(dataset: BaseDataset, index: int) -> np.ndarray:
    """An image of a data set before its pipeline, (H, W) grey or (H, W, 3) RGB, uint8.

    Raises:
        FileNotFoundError: the image file is missing.
    """
    info = dataset.get_data_info(index)
    if 'img' not in info:
        return mmcv.imread(info['img_path'], channel_order='rgb')
    image = info['img']
    return image[..., ::-1] if image.ndim == 3 else image  # MMPretrain's images are BGR


def draw_grid(images: Sequence[np.ndarray], captions: Sequence[str], title: str, columns: int = 8,
              caption_colors: Sequence[str] | None = None) -> Figure:
    """Draw images row by row, each above its caption of a few short lines.

    Args:
        images: (H, W) grey or (H, W, 3) RGB, uint8.
        captions: one text for each image.
        columns: images in a full row.
        caption_colors: one colour for each caption; black if not given.
    """
    rows = max(-(-len(images) // columns), 1)
    lines = max((caption.count('\n') + 1 for caption in captions), default=0)
    figure = Figure(figsize=(_WIDTH * columns, 0.4 + (_HEIGHT + _LINE * lines) * rows), layout='constrained')
    figure.suptitle(title, wrap=True)
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.set(xticks=[], yticks=[], frame_on=False)
    colors = caption_colors or ['black'] * len(images)
    for axes, image, caption, color in zip(figure.axes, images, captions, colors):
        axes.imshow(image, cmap='gray', vmin=0, vmax=255)
        axes.set_xlabel(caption, fontsize=8, color=color)
    return figure
