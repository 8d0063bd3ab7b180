"""Faces as a model gets them, and how they are drawn."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from mmengine.dataset import BaseDataset
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from emonext_mm.models import STNDataPreprocessor

FRAME_COLOUR = 'tab:orange'


def has_stn(preprocessor: ClsDataPreprocessor) -> bool:
    """Whether there is an STN in it, switched on."""
    return isinstance(preprocessor, STNDataPreprocessor) and preprocessor.localization is not None


def model_inputs(preprocessor: ClsDataPreprocessor, dataset: BaseDataset, places: Sequence[int]) -> Tensor:
    """Images of a data set as they are after normalisation and before an STN, (N, C, H, W).

    Raises:
        ValueError: the pipeline of the data set gives several views of an image, as for test-time augmentation.
    """
    inputs = [dataset[place]['inputs'] for place in places]
    if not isinstance(inputs[0], Tensor):
        raise ValueError(f'the pipeline gives {len(inputs[0])} views of each image, and one is needed to draw on')
    # The host's forward, whatever the preprocessor's class: an STN adds its warp to it.
    return ClsDataPreprocessor.forward(preprocessor.eval(), dict(inputs=inputs))['inputs']


def backbone_inputs(preprocessor: ClsDataPreprocessor, faces: Tensor) -> tuple[Tensor, Tensor | None]:
    """What becomes of these faces before the backbone, by an STN and an ``AffineView``: warped, and theta (N, 2, 3).

    Without either the faces themselves, and None.
    """
    if has_stn(preprocessor) or getattr(preprocessor, 'view', None) is not None:
        return preprocessor.warp(faces)
    return faces, None


def aligns_corners(preprocessor: STNDataPreprocessor) -> bool:
    """The convention in which the theta of its warp is to be read, see ``affine_warp``.

    With an ``AffineView`` the map of the STN has been brought to the view's convention.
    """
    return preprocessor.align_corners and preprocessor.view is None


def sampling_frame(theta: Tensor, height: int, width: int, align_corners: bool) -> Tensor:
    """The outline of what a warp by ``theta`` samples, in pixels of its input.

    Pixels have their centres at whole numbers, as matplotlib draws them.

    Args:
        theta: (N, 2, 3), see :mod:`~emonext_mm.models.layers.affine`.
        height, width: of the input, in pixels.
        align_corners: as in ``affine_warp``.

    Returns:
        (N, 2, 5): x and y of the output's corners, from the top left one round to it again.
    """
    corners = theta.new_tensor([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1], [1, 1, 1, 1, 1]])
    size = theta.new_tensor([[width], [height]])
    # -1 and 1 are the outer edges of the border pixels, or their centres.
    return ((size - int(align_corners)) * (theta @ corners) + size - 1) / 2


def draw_face(axes: Axes, image: Tensor, preprocessor: ClsDataPreprocessor) -> None:
    """Draw a normalised image (C, H, W)."""
    axes.imshow(_pixels(image, preprocessor), vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])


def draw_frames(axes: Sequence[Axes], frames: Tensor, height: int, width: int) -> None:
    """Draw an outline (2, 5) over each image, and leave the same room round all of them for the widest one.

    At most half a side: a frame that reaches further is cut.
    """
    size = frames.new_tensor([[width], [height]])
    beyond = torch.maximum(-0.5 - frames, frames - size + 0.5) / size
    room = min(max(float(beyond.max()), 0.0) + 0.03, 0.5)  # the line has a width, too
    for place, frame in zip(axes, frames):
        place.plot(*frame.cpu().numpy(), color=FRAME_COLOUR)
        place.set_frame_on(False)
        place.set(xlim=(-0.5 - room * width, (1 + room) * width - 0.5),
                  ylim=((1 + room) * height - 0.5, -0.5 - room * height))


def _pixels(image: Tensor, preprocessor: ClsDataPreprocessor) -> np.ndarray:
    """A normalised image (C, H, W) as pixels (H, W, 3)."""
    if preprocessor._enable_normalize:
        image = image * preprocessor.std + preprocessor.mean
    return image.clamp(0, 255).byte().permute(1, 2, 0).expand(-1, -1, 3).cpu().numpy()
