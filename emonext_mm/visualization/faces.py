"""Faces as a model receives them, and how to draw them."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from mmengine.dataset import BaseDataset
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from emonext_mm.models import STNDataPreprocessor

FRAME_COLOR = 'tab:orange'
_LINE_MARGIN = 0.03  # of the side of a face, for the width of the frame's line
_LARGEST_MARGIN = 0.5  # of the side of a face


def has_stn(preprocessor: ClsDataPreprocessor) -> bool:
    """Return whether a preprocessor has an STN that is switched on."""
    return isinstance(preprocessor, STNDataPreprocessor) and preprocessor.localization is not None


def model_inputs(preprocessor: ClsDataPreprocessor, dataset: BaseDataset, indices: Sequence[int]) -> Tensor:
    """Images of a data set after normalisation and before an STN, (N, C, H, W).

    Raises:
        ValueError: the pipeline of the data set gives several views of an image, as for test-time augmentation.
    """
    inputs = [dataset[index]['inputs'] for index in indices]
    if not isinstance(inputs[0], Tensor):
        raise ValueError(f'the pipeline gives {len(inputs[0])} views of each image, and this figure needs a single one')
    # MMPretrain's own forward stops before the STN, which STNDataPreprocessor adds.
    return ClsDataPreprocessor.forward(preprocessor.eval(), dict(inputs=inputs))['inputs']


def backbone_inputs(preprocessor: ClsDataPreprocessor, faces: Tensor) -> tuple[Tensor, Tensor | None]:
    """Warp normalised faces by the STN and the ``AffineView`` of a preprocessor.

    Returns:
        The warped faces and theta (N, 2, 3); without STN and view, the faces themselves and None.
    """
    if has_stn(preprocessor) or getattr(preprocessor, 'view', None) is not None:
        return preprocessor.warp(faces)
    return faces, None


def aligns_corners(preprocessor: STNDataPreprocessor) -> bool:
    """Return whether the theta of :func:`backbone_inputs` follows ``align_corners=True``, see ``affine_warp``.

    An ``AffineView`` converts the theta of the STN to its own convention, ``align_corners=False``.
    """
    return preprocessor.align_corners and preprocessor.view is None


def sampling_frame(theta: Tensor, height: int, width: int, align_corners: bool) -> Tensor:
    """Outline of the region that a warp by ``theta`` samples, in pixels of its input.

    Convention: pixel centres are at whole numbers, as matplotlib draws them.

    Args:
        theta: (N, 2, 3), see :mod:`~emonext_mm.models.layers.affine`.
        height, width: size of the input in pixels.
        align_corners: as in ``affine_warp``.

    Returns:
        (N, 2, 5): x and y of the corners of the output, from the top left corner clockwise and back to it.
    """
    corners = theta.new_tensor([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1], [1, 1, 1, 1, 1]])
    size = theta.new_tensor([[width], [height]])
    # -1 and 1 are the outer edges of the border pixels, or their centres if corners are aligned.
    return ((size - int(align_corners)) * (theta @ corners) + size - 1) / 2


def draw_image(axes: Axes, image: Tensor, preprocessor: ClsDataPreprocessor) -> None:
    """Draw a normalised image (C, H, W)."""
    axes.imshow(_pixels(image, preprocessor), vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[], frame_on=False)


def draw_frames(axes: Sequence[Axes], frames: Tensor, height: int, width: int) -> None:
    """Draw an outline (2, 5) over each image, with the same margin around all images, wide enough for every outline.

    The margin is at most half the side of an image; outlines that reach further are truncated.
    """
    size = frames.new_tensor([[width], [height]])
    beyond = torch.maximum(-0.5 - frames, frames - size + 0.5) / size
    margin = min(max(float(beyond.max()), 0.0) + _LINE_MARGIN, _LARGEST_MARGIN)
    for each, frame in zip(axes, frames):
        each.plot(*frame.cpu().numpy(), color=FRAME_COLOR)
        each.set(xlim=(-0.5 - margin * width, (1 + margin) * width - 0.5),
                 ylim=((1 + margin) * height - 0.5, -0.5 - margin * height))


def _pixels(image: Tensor, preprocessor: ClsDataPreprocessor) -> np.ndarray:
    """A normalised image (C, H, W) as pixels (H, W, 3), uint8."""
    if getattr(preprocessor, 'mean', None) is not None:
        image = image * preprocessor.std + preprocessor.mean
    return image.clamp(0, 255).byte().permute(1, 2, 0).expand(-1, -1, 3).cpu().numpy()
