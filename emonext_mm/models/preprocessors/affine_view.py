"""Resize, rotation, crop and flip as one affine map, drawn on the device.

An image of 48 px that is resized, turned, cropped and warped by an STN is interpolated three times over, on the CPU
and at 20 times its size. All of these are affine, so they are one map, and one sampling of the original pixels.
"""
from __future__ import annotations

import math

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.logging import MessageHub
from mmpretrain.registry import MODELS
from torch import Tensor

from emonext_mm.models.layers.affine import build_affine


@MODELS.register_module()
class AffineView:
    """Which part of each image the model sees: the centre, or in training a part drawn at random.

    It stands for ``Resize(resize)``, ``Rotate``, ``CenterCrop(size)`` or ``RandomCrop(size)``, and ``RandomFlip``, on
    square images. Deviations from these: a crop may begin between two pixels; a turned view sees the image where the
    pipeline has cut it off already; beyond the image is the mean (0 after normalisation), not black. Sampling is
    bilinear without a low-pass, so it is meant for images that are smaller than the view.

    Draws come from a stream of the seed (``randomness.seed``), the rank and the iteration: the same seed draws the
    same, and a resumed training goes on as if it had not stopped.

    Args:
        size: side of the view in pixels.
        resize: side of the whole image at the scale of the view, in pixels; ``size`` when None.
        shift: how far the centre of the view may lie from the image's, either way, in pixels of ``resize``; when
            None, as far as the view stays inside the image, which is what a random crop is.
        degrees: the view is turned by up to so much, either way.
        flip: probability of a mirrored view.
        zoom: least and greatest random magnification, drawn evenly in the logarithm.

    Raises:
        ValueError: an argument is out of its range; the message names it.
    """

    def __init__(self, size: int, resize: float | None = None, shift: float | None = None, degrees: float = 0.0,
                 flip: float = 0.0, zoom: tuple[float, float] = (1.0, 1.0)) -> None:
        resize = size if resize is None else resize
        shift = (resize - size) / 2 if shift is None else shift
        for name, value, good in [('size', size, size > 0), ('resize', resize, resize >= size),
                                  ('shift', shift, shift >= 0), ('degrees', degrees, 0 <= degrees <= 180),
                                  ('flip', flip, 0 <= flip <= 1), ('zoom', zoom, 0 < zoom[0] <= zoom[1])]:
            if not good:
                raise ValueError(f'{name} is {value!r}: size > 0, resize >= size, shift >= 0, degrees in 0..180, '
                                 'flip in 0..1 and 0 < zoom[0] <= zoom[1] are needed')
        self.size, self.degrees, self.flip, self.zoom = size, degrees, flip, zoom
        self.scale = size / resize
        self.shift = 2 * shift / resize  # normalised
        self._calls = 0

    def centre(self, count: int, device: torch.device) -> Tensor:
        """The middle of each image, (count, 2, 3)."""
        theta = torch.tensor([[self.scale, 0.0, 0.0], [0.0, self.scale, 0.0]], device=device)
        return theta.expand(count, 2, 3)

    def draw(self, count: int, device: torch.device) -> Tensor:
        """A view of each image at random, (count, 2, 3)."""
        generator = torch.Generator(device).manual_seed(self._seed())
        degrees, zoom, *shift, flip = torch.rand(5, count, device=device, generator=generator)
        low, high = map(math.log, self.zoom)
        return build_affine(
            scale=self.scale / (low + (high - low) * zoom).exp(),
            angle=math.radians(self.degrees) * (2 * degrees - 1),
            shift=self.shift * (2 * torch.stack(shift, 1) - 1),
            mirror=1.0 - 2.0 * (flip < self.flip),
        )

    def _seed(self) -> int:
        """One for each iteration and rank; outside of a training loop, for each call."""
        self._calls += 1
        place = MessageHub.get_current_instance().runtime_info.get('iter', self._calls)
        return int(np.random.SeedSequence([torch.initial_seed(), get_rank(), place]).generate_state(1)[0])

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(size={self.size}, scale={self.scale:.4g}, shift={self.shift:.4g}, '
                f'degrees={self.degrees}, flip={self.flip}, zoom={self.zoom})')
