"""A sheet of captioned images of a data set."""
from __future__ import annotations

from collections.abc import Sequence

import mmcv
import numpy as np
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset

_ACROSS = 8  # images at most in a row


def raw_image(dataset: BaseDataset, place: int) -> np.ndarray:
    """An image of a data set before its pipeline, (H, W) or (H, W, 3) RGB, uint8.

    Raises:
        FileNotFoundError: the image is a file that is not there.
    """
    info = dataset.get_data_info(place)
    if 'img' not in info:
        return mmcv.imread(info['img_path'], channel_order='rgb')
    image = info['img']
    return image[..., ::-1] if image.ndim == 3 else image  # the host's images are BGR


def draw_sheet(images: Sequence[np.ndarray], captions: Sequence[str], title: str) -> Figure:
    """Draw images (H, W) or (H, W, 3), uint8, in rows, each above its caption of a few short lines."""
    rows = max(-(-len(images) // _ACROSS), 1)
    lines = max((caption.count('\n') + 1 for caption in captions), default=0)
    figure = Figure(figsize=(1.4 * _ACROSS, 0.4 + (1.3 + 0.16 * lines) * rows), layout='constrained')
    figure.suptitle(title)
    for axes in figure.subplots(rows, _ACROSS, squeeze=False).flat:
        axes.set(xticks=[], yticks=[], frame_on=False)
    for axes, image, caption in zip(figure.axes, images, captions):
        axes.imshow(image, cmap='gray', vmin=0, vmax=255)
        axes.set_xlabel(caption, fontsize=8)
    return figure
