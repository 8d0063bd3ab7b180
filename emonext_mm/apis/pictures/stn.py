"""What the STN samples of a face, and what comes out of it."""
from __future__ import annotations

import numpy as np
import torch
from matplotlib import pyplot
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from emonext_mm.models import STNDataPreprocessor


@torch.no_grad()
def draw_stn(preprocessor: STNDataPreprocessor, dataset: BaseDataset, count: int = 10) -> Figure | None:
    """Draw faces of a data set before the STN, with the frame it samples, and after it.

    None if the pipeline of the data set gives several views of an image, as for test-time augmentation.
    """
    chosen = torch.linspace(0, len(dataset) - 1, min(count, len(dataset))).int().tolist()
    inputs = [dataset[index]['inputs'] for index in chosen]
    if not isinstance(inputs[0], Tensor):
        return None
    faces = ClsDataPreprocessor.forward(preprocessor.eval(), dict(inputs=inputs))['inputs']
    warped, theta = preprocessor.warp(faces)
    corners = torch.tensor([[-1.0, 1, 1, -1, -1], [-1, -1, 1, 1, -1], [1, 1, 1, 1, 1]], device=theta.device)
    height, width = faces.shape[-2:]
    size = torch.tensor([[width], [height]], device=theta.device)
    # -1 and 1 are the outer edges of the border pixels, or their centres; pixel 0 has its centre at 0.
    frames = ((size - int(preprocessor.align_corners)) * (theta @ corners) + size - 1) / 2
    figure, axes = pyplot.subplots(2, len(faces), figsize=(1.3 * len(faces), 2.9), layout='constrained', squeeze=False)
    for column, (face, frame, out) in enumerate(zip(faces, frames, warped)):
        for row, image in enumerate((face, out)):
            axes[row, column].imshow(_pixels(image, preprocessor), vmin=0, vmax=255)
            axes[row, column].set(xticks=[], yticks=[])
        axes[0, column].set_frame_on(False)
        # Room round the face, for a frame that reaches beyond it.
        axes[0, column].set(xlim=(-0.25 * width, 1.25 * width), ylim=(1.25 * height, -0.25 * height))
        axes[0, column].plot(*frame.cpu().numpy(), color='tab:orange')
    axes[0, 0].set_ylabel('in')
    axes[1, 0].set_ylabel('out')
    return figure


def _pixels(image: Tensor, preprocessor: ClsDataPreprocessor) -> np.ndarray:
    """A normalised image (C, H, W) as pixels (H, W, 3)."""
    if preprocessor._enable_normalize:
        image = image * preprocessor.std + preprocessor.mean
    return image.clamp(0, 255).byte().permute(1, 2, 0).expand(-1, -1, 3).cpu().numpy()
