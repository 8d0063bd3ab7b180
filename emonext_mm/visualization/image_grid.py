"""A grid of captioned images."""
from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import mmcv
import numpy as np
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset

# All in inches.
_CELL = 1.4  # width of a column
_IMAGE = 1.3  # side of an image
_CAPTION_LINE = 0.15
_CAPTION_GAP = 0.12  # below the last line of a caption
_TITLE_LINE = 0.22
_MARGIN = 0.2  # below the last row, where save_and_log prints its note; half of it above the title

_TITLE_CHARACTERS = 15  # that fit in the width of a column


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
    title = '\n'.join(fill(line, _TITLE_CHARACTERS * columns) for line in title.splitlines())
    lines = max((caption.count('\n') + 1 for caption in captions), default=0)
    pitch = _IMAGE + _CAPTION_LINE * lines + _CAPTION_GAP
    top = _MARGIN + _TITLE_LINE * (title.count('\n') + 1)
    # Positions are computed, since constrained layout does not converge for images: it clips the last captions.
    width, height = _CELL * columns, top + pitch * -(-len(images) // columns) + _MARGIN
    figure = Figure(figsize=(width, height))
    figure.suptitle(title, y=1 - _MARGIN / 2 / height)
    for index, (image, caption) in enumerate(zip(images, captions)):
        row, column = divmod(index, columns)
        left, bottom = _CELL * column + (_CELL - _IMAGE) / 2, height - top - pitch * row - _IMAGE
        axes = figure.add_axes((left / width, bottom / height, _IMAGE / width, _IMAGE / height))
        axes.imshow(image, cmap='gray', vmin=0, vmax=255)
        axes.set(xticks=[], yticks=[], frame_on=False)
        axes.set_xlabel(caption, fontsize=8, color=caption_colors[index] if caption_colors else 'black')
    return figure
