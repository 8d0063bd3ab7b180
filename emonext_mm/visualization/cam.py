"""Class activation maps: the parts of a face that raise the score of the predicted class.

Method: HiResCAM (Draelos & Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural
networks", 2020, arXiv 2011.08891), the ReLU of activation times gradient summed over channels, computed by captum. On
the last feature map before global pooling it equals Grad-CAM (Selvaraju et al., ICCV 2017). Small faces need an earlier
map, since the last one of a 48 px face is 1 x 1 or 2 x 2. There Grad-CAM, which averages the gradient over the map,
also marks positions on which the score does not depend.
"""
from __future__ import annotations

from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset
from mmpretrain.models import ImageClassifier
from torch import Tensor, nn

from emonext_mm.models.layers.affine import affine_warp, invert_affine
from emonext_mm.visualization.faces import (
    aligns_corners,
    backbone_inputs,
    draw_frames,
    draw_image,
    model_inputs,
    sampling_frame,
)

_SMALLEST_MAP = 5  # positions a side: a smaller map cannot tell a mouth from an eyebrow
_COLUMNS = 7
_OPACITY = 0.65  # of the heat map where it is 1
_UNLABELLED = -1


def activation_maps(model: ImageClassifier, faces: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
    """Compute the class activation map of each face for its predicted class, in the coordinates of the input face.

    The backbone sees the face warped by the STN (and view), if the model has one, so its map belongs to the warped
    face. The inverse warp maps it back: heat(x) = heat_warped(theta^-1 x), and 0 where the STN did not sample.

    Args:
        model: the classifier; it is put into eval mode.
        faces: (N, C, H, W), normalised, before the STN.

    Returns:
        Three tensors: the maps (N, H, W), each scaled to 0..1 on its own, so strengths cannot be compared; the
        class probabilities (N, K); theta (N, 2, 3), or None if there is no warp.

    Raises:
        ImportError: captum is not installed.
        ValueError: the backbone has no feature map of at least 5 x 5 positions, or a theta has no inverse.
    """
    model.eval()
    preprocessor = model.data_preprocessor
    with torch.no_grad():
        seen, theta = backbone_inputs(preprocessor, faces)
        probabilities = model(seen).softmax(1)
        layer = _last_map(model, seen)
    heat = _hires_cam(model, layer, seen, probabilities.argmax(1))
    if theta is not None:
        size = tuple(faces.shape[-2:])
        heat = affine_warp(heat[:, None], invert_affine(theta), size, aligns_corners(preprocessor))[:, 0]
    return heat, probabilities, theta


def draw_cam(model: ImageClassifier, dataset: BaseDataset, count: int = 14) -> Figure:
    """Draw faces of all classes, and below each the same face under its class activation map.

    The caption above a face is its true class, the caption below is the predicted class with its probability, red
    where the two differ. The frame that the STN samples is drawn on both.

    Raises:
        ImportError, ValueError: as :func:`activation_maps`.
        ValueError: the model is not an ``ImageClassifier``, or the pipeline gives several views of an image.
    """
    if not isinstance(model, ImageClassifier):
        raise ValueError(f'class activation maps need an ImageClassifier, got {type(model).__name__}')
    classes = dataset.metainfo['classes']
    indices, labels = _of_each_class(dataset, count)
    faces = model_inputs(model.data_preprocessor, dataset, indices)
    heat, probabilities, theta = activation_maps(model, faces)
    figure, above, below = _make_axes(len(faces))
    for axes, face, label in zip(above, faces, labels):
        draw_image(axes, face, model.data_preprocessor)
        axes.set_title('no label' if label == _UNLABELLED else classes[label], fontsize=10)
    for axes, face, strength, label, scores in zip(below, faces, heat.cpu().numpy(), labels, probabilities):
        draw_image(axes, face, model.data_preprocessor)
        axes.imshow(strength, cmap='turbo', vmin=0, vmax=1, alpha=_OPACITY * strength, interpolation='bilinear')
        predicted = int(scores.argmax())
        color = 'black' if label in (predicted, _UNLABELLED) else 'tab:red'
        axes.set_xlabel(f'{classes[predicted]} {100 * scores[predicted]:.0f} %', fontsize=10, color=color)
    if theta is not None:
        height, width = faces.shape[-2:]
        frames = sampling_frame(theta, height, width, aligns_corners(model.data_preprocessor))
        draw_frames(above, frames, height, width)
        draw_frames(below, frames, height, width)
    return figure


def _hires_cam(model: ImageClassifier, layer: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """HiResCAM (N, H, W) of each image for its class, resized to the image and scaled to 0..1."""
    try:
        from captum.attr import LayerGradientXActivation
    except ImportError as error:
        raise ImportError('class activation maps need captum: pip install captum') from error
    # With a frozen backbone, the gradient of the layer exists only if the input requires one.
    terms = LayerGradientXActivation(model, layer).attribute(images.clone().requires_grad_(), classes)
    heat = terms.detach().sum(1, keepdim=True).relu()
    heat = F.interpolate(heat, images.shape[-2:], mode='bilinear', align_corners=False)[:, 0]
    heat = heat - heat.amin((1, 2), keepdim=True)
    return heat / heat.amax((1, 2), keepdim=True).clamp(min=torch.finfo(heat.dtype).tiny)


def _last_map(model: ImageClassifier, images: Tensor) -> nn.Module:
    """The last module of the backbone whose output is a feature map (N, C, h, w) of enough positions.

    Blocks (``layer4.1``), stages (``stages.3``, ``se_after.3``) and ConvNeXt's norms between the stages are considered.
    The output of such a norm replaces the output of the stage before it: a norm over channels does not change when its
    input is scaled, so the sum over channels of its input times gradient is always about 0. The layers in a block are
    not considered, because ConvNeXt's have their channels last.
    """
    maps = []

    def note(module: nn.Module, args: tuple, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[-2:]) >= _SMALLEST_MAP:
            maps.append(module)

    handles = [module.register_forward_hook(note) for name, module in model.backbone.named_modules()
               if name and name.count('.') < (3 if isinstance(module, nn.LayerNorm) else 2)]
    try:
        model.backbone(images[:1])
    finally:
        for handle in handles:
            handle.remove()
    if not maps:
        raise ValueError(f'{type(model.backbone).__name__} has no feature map of at least {_SMALLEST_MAP} x '
                         f'{_SMALLEST_MAP} positions for images of {images.shape[-2]} x {images.shape[-1]} px')
    return maps[-1]


def _of_each_class(dataset: BaseDataset, count: int) -> tuple[list[int], list[int]]:
    """Indices and labels of the first image of each class, then of the second image of each class, and so on."""
    counts: Counter = Counter()
    turns = []
    for index in range(len(dataset)):
        label = dataset.get_data_info(index).get('gt_label', _UNLABELLED)
        turns.append((counts[label], label, index))
        counts[label] += 1
    chosen = sorted(turns)[:count]
    return [index for _, _, index in chosen], [label for _, label, _ in chosen]


def _make_axes(count: int) -> tuple[Figure, list[Axes], list[Axes]]:
    """A figure with pairs of axes, one above the other, for ``count`` faces."""
    rows = -(-count // _COLUMNS)
    figure = Figure(figsize=(1.5 * _COLUMNS, 3.2 * rows + 0.4), layout='constrained')
    figure.suptitle('Class activation maps (HiResCAM) for the predicted class')
    pairs = [row.subplots(2, _COLUMNS) for row in figure.subfigures(rows, 1, squeeze=False, hspace=0.05)[:, 0]]
    above, below = (np.concatenate(row) for row in zip(*pairs))
    for empty in (*above[count:], *below[count:]):
        empty.set_axis_off()
    return figure, list(above[:count]), list(below[:count])
