"""What the STN samples of a face, and what comes out of it."""
from __future__ import annotations

import torch
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset

from emonext_mm.models import STNDataPreprocessor
from emonext_mm.visualization.faces import aligns_corners, draw_face, draw_frames, model_inputs, sampling_frame


@torch.no_grad()
def draw_stn(preprocessor: STNDataPreprocessor, dataset: BaseDataset, count: int = 10) -> Figure:
    """Draw faces of a data set before the STN, with the frame it samples, and after it.

    Raises:
        ValueError: the pipeline of the data set gives several views of an image.
        RuntimeError: the STN is off.
    """
    places = torch.linspace(0, len(dataset) - 1, min(count, len(dataset))).int().tolist()
    faces = model_inputs(preprocessor, dataset, places)
    warped, theta = preprocessor.warp(faces)
    figure = Figure(figsize=(1.3 * len(faces), 3.1), layout='constrained')
    figure.suptitle('Above: what the STN gets, and the frame it samples. Below: what the backbone gets of it.')
    before, after = figure.subplots(2, len(faces), squeeze=False)
    for column, (face, out) in enumerate(zip(faces, warped)):
        draw_face(before[column], face, preprocessor)
        draw_face(after[column], out, preprocessor)
    height, width = faces.shape[-2:]
    draw_frames(before, sampling_frame(theta, height, width, aligns_corners(preprocessor)), height, width)
    return figure
