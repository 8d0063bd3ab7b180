"""Faces before and after the STN."""
from __future__ import annotations

import torch
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset

from emonext_mm.models import STNDataPreprocessor
from emonext_mm.visualization.faces import aligns_corners, draw_frames, draw_image, model_inputs, sampling_frame


@torch.no_grad()
def draw_stn(preprocessor: STNDataPreprocessor, dataset: BaseDataset, count: int = 10) -> Figure:
    """Draw faces of a data set before the STN, with the frame that it samples, and below each the face after it.

    Args:
        count: the number of faces, taken at equal distances from the data set; fewer if it is smaller.

    Raises:
        ValueError: the pipeline of the data set gives several views of an image.
        RuntimeError: the STN is off.
    """
    indices = torch.linspace(0, len(dataset) - 1, min(count, len(dataset))).int().tolist()
    faces = model_inputs(preprocessor, dataset, indices)
    warped, theta = preprocessor.warp(faces)
    figure = Figure(figsize=(1.3 * len(faces), 3.1), layout='constrained')
    figure.suptitle('Above: faces and the frame that the STN samples. Below: the output of the STN.')
    before, after = figure.subplots(2, len(faces), squeeze=False)
    for column, (face, output) in enumerate(zip(faces, warped)):
        draw_image(before[column], face, preprocessor)
        draw_image(after[column], output, preprocessor)
    height, width = faces.shape[-2:]
    draw_frames(before, sampling_frame(theta, height, width, aligns_corners(preprocessor)), height, width)
    return figure
