"""Class-activation maps: what in a face speaks for the class that the model predicts.

Draelos & Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks", 2020,
as the package grad-cam has it. On a backbone's last map, before global pooling, it is Grad-CAM (Selvaraju et al., ICCV
2017), to the same values. Small faces need an earlier map (of 48 px the last one has 2 x 2 places, or a single one);
there Grad-CAM, which averages the gradient over the places, shows places that the score does not depend on.
"""
from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset
from mmpretrain.models import ImageClassifier
from torch import Tensor, nn

from emonext_mm.models.layers.affine import affine_warp, invert_affine
from emonext_mm.visualization.faces import (
    aligns_corners,
    backbone_inputs,
    draw_face,
    draw_frames,
    model_inputs,
    sampling_frame,
)

_LEAST_PLACES = 5  # a side of a map: fewer could not tell a mouth from a brow
_ACROSS = 7  # faces in a row
_OPACITY = 0.65  # of the heat at its strongest
_UNLABELLED = -1


def activation_maps(model: ImageClassifier, faces: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
    """What speaks for the class that the model predicts, in the coordinates of its *input*.

    The faces go through the model's STN (and view), if it has one, and the map that comes out is one of the warped
    face. The inverse warp brings it back to where the face was: heat(x) = heat_warped(theta^-1 x), 0 where the STN
    did not look.

    Args:
        model: the classifier; it is put to eval mode.
        faces: (N, C, H, W), normalised, before the STN.

    Returns:
        The maps, (N, H, W) in 0..1 (each is scaled by its own greatest value: they do not compare in strength); the
        probabilities, (N, K); theta, (N, 2, 3), or None if there is no warp.

    Raises:
        ImportError: without grad-cam.
        ValueError: the backbone has no feature map of at least 5 x 5 places, or a theta has no inverse.
    """
    try:
        from pytorch_grad_cam import HiResCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    except ImportError as error:
        raise ImportError('class-activation maps need grad-cam: pip install grad-cam') from error
    model.eval()
    preprocessor = model.data_preprocessor
    with torch.no_grad():
        seen, theta = backbone_inputs(preprocessor, faces)
        probabilities = model(seen).softmax(1)
        layer = _last_map(model, seen)
    targets = [ClassifierOutputTarget(label) for label in probabilities.argmax(1).tolist()]
    with HiResCAM(model, [layer]) as cam:
        # A frozen backbone has gradients only if its input has.
        heat = torch.from_numpy(cam(seen.clone().requires_grad_(), targets)).to(seen.device)
    model.zero_grad()
    if theta is not None:
        size = tuple(faces.shape[-2:])
        heat = affine_warp(heat[:, None], invert_affine(theta), size, aligns_corners(preprocessor))[:, 0]
    return heat, probabilities, theta


def draw_cam(model: ImageClassifier, dataset: BaseDataset, count: int = 14) -> Figure:
    """Draw faces of all classes, and below each the same under its class-activation map; the STN's frame on both.

    Above a face stands its true class, below it the predicted one with its probability, in red if it is wrong.

    Raises:
        ImportError, ValueError: as :func:`activation_maps`.
        ValueError: the model is no ``ImageClassifier``; the pipeline gives several views of an image.
    """
    if not isinstance(model, ImageClassifier):
        raise ValueError(f'class-activation maps need an ImageClassifier, got {type(model).__name__}')
    classes = dataset.metainfo['classes']
    places, labels = _of_each_class(dataset, count)
    faces = model_inputs(model.data_preprocessor, dataset, places)
    heat, probabilities, theta = activation_maps(model, faces)
    rows = -(-len(faces) // _ACROSS)
    figure = Figure(figsize=(1.5 * _ACROSS, 3.4 * rows + 0.4), layout='constrained')
    figure.suptitle('What speaks for the predicted class (HiResCAM)')
    pairs = [row.subplots(2, _ACROSS) for row in figure.subfigures(rows, 1, squeeze=False, hspace=0.05)[:, 0]]
    above, below = (np.concatenate(row) for row in zip(*pairs))
    for i, (face, warmth, label, scores) in enumerate(zip(faces, heat.cpu().numpy(), labels, probabilities)):
        draw_face(above[i], face, model.data_preprocessor)
        draw_face(below[i], face, model.data_preprocessor)
        below[i].imshow(warmth, cmap='turbo', vmin=0, vmax=1, alpha=_OPACITY * warmth, interpolation='bilinear')
        best = int(scores.argmax())
        colour = 'black' if label in (best, _UNLABELLED) else 'tab:red'
        above[i].set_title('no label' if label == _UNLABELLED else classes[label], fontsize=10)
        below[i].set_xlabel(f'{classes[best]} {100 * scores[best]:.0f} %', fontsize=10, color=colour)
    for empty in (*above[len(faces):], *below[len(faces):]):
        empty.set_axis_off()
    if theta is not None:
        height, width = faces.shape[-2:]
        frames = sampling_frame(theta, height, width, aligns_corners(model.data_preprocessor))
        draw_frames(above, frames, height, width)
        draw_frames(below, frames, height, width)
    return figure


def _last_map(model: ImageClassifier, images: Tensor) -> nn.Module:
    """The last part of the backbone that gives a feature map (N, C, h, w) of some detail.

    Blocks (``layer4.1``) and what holds them (``stages.3``, ``se_after.3``) are asked, not what is in a block, where
    ConvNeXt has its channels last.
    """
    maps = []

    def note(module: nn.Module, args: tuple, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[-2:]) >= _LEAST_PLACES:
            maps.append(module)

    parts = [module for name, module in model.backbone.named_modules() if name and name.count('.') < 2]
    handles = [module.register_forward_hook(note) for module in parts]
    try:
        model.backbone(images[:1])
    finally:
        for handle in handles:
            handle.remove()
    if not maps:
        raise ValueError(f'{type(model.backbone).__name__} gives no feature map of at least {_LEAST_PLACES} x '
                         f'{_LEAST_PLACES} places for images of {images.shape[-2]} x {images.shape[-1]} px')
    return maps[-1]


def _of_each_class(dataset: BaseDataset, count: int) -> tuple[list[int], list[int]]:
    """Places and labels of the first image of each class, then of the second ones, and so on."""
    so_far: Counter = Counter()
    turns = []
    for place in range(len(dataset)):
        label = dataset.get_data_info(place).get('gt_label', _UNLABELLED)
        turns.append((so_far[label], label, place))
        so_far[label] += 1
    chosen = sorted(turns)[:count]
    return [place for _, _, place in chosen], [label for _, label, _ in chosen]
