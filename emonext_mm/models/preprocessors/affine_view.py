"""Random resize, rotation, crop and flip as one affine map, computed on the device of the images.

A 48 px image that is resized, rotated, cropped and warped by an STN is interpolated three times, on the CPU and at 20
times its number of pixels. All these steps are affine, so one map and one interpolation of the original pixels suffice.
"""
from __future__ import annotations

import math

import torch
from mmpretrain.registry import MODELS
from torch import Tensor

from emonext_mm.models.layers.affine import build_affine


@MODELS.register_module()
class AffineView:
    """View of a square image: its centre, or a random part of it during training.

    Replaces ``Resize(resize)``, ``Rotate``, ``CenterCrop(size)`` or ``RandomCrop(size)``, and ``RandomFlip``.
    Deviations: a crop may start between two pixels; a rotated view shows image content that ``Rotate`` would have cut
    off; pixels outside the image follow ``padding_mode`` of the preprocessor, by default 0, the mean colour, not black.
    Interpolation is bilinear without antialiasing, so the image should be smaller than the view.

    Args:
        size: height and width of the view in pixels.
        resize: height and width in pixels that the whole image has at the scale of the view; None for ``size``.
        shift: largest distance between the centres of view and image along each axis, in pixels at the scale of
            ``resize``; None for the largest shift that keeps the view inside the image, as in ``RandomCrop``.
        degrees: largest rotation in either direction.
        flip: probability of a horizontally mirrored view.
        zoom: smallest and largest random magnification, drawn log-uniformly.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(self, size: int, resize: float | None = None, shift: float | None = None, degrees: float = 0.0,
                 flip: float = 0.0, zoom: tuple[float, float] = (1.0, 1.0)) -> None:
        resize = size if resize is None else resize
        shift = (resize - size) / 2 if shift is None else shift
        for name, value, valid in [('size', size, size > 0), ('resize', resize, resize >= size),
                                   ('shift', shift, shift >= 0), ('degrees', degrees, 0 <= degrees <= 180),
                                   ('flip', flip, 0 <= flip <= 1), ('zoom', zoom, 0 < zoom[0] <= zoom[1])]:
            if not valid:
                raise ValueError(f'{name} is {value!r}, but size > 0, resize >= size, shift >= 0, 0 <= degrees <= 180, '
                                 '0 <= flip <= 1 and 0 < zoom[0] <= zoom[1] are required')
        self.size, self.degrees, self.flip, self.zoom = size, degrees, flip, zoom
        self.scale = size / resize
        self.shift = 2 * shift / resize  # normalised

    def centre(self, count: int, device: torch.device) -> Tensor:
        """Maps (count, 2, 3) of centred views."""
        theta = torch.tensor([[self.scale, 0.0, 0.0], [0.0, self.scale, 0.0]], device=device)
        return theta.expand(count, 2, 3)

    def draw(self, count: int, device: torch.device, generator: torch.Generator | None = None) -> Tensor:
        """Maps (count, 2, 3) of random views, from a generator or from torch's own."""
        degrees, zoom, *shift, flip = torch.rand(5, count, device=device, generator=generator)
        low, high = map(math.log, self.zoom)
        return build_affine(
            scale=self.scale / (low + (high - low) * zoom).exp(),
            angle=math.radians(self.degrees) * (2 * degrees - 1),
            shift=self.shift * (2 * torch.stack(shift, 1) - 1),
            mirror=1.0 - 2.0 * (flip < self.flip),
        )

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(size={self.size}, scale={self.scale:.4g}, shift={self.shift:.4g}, '
                f'degrees={self.degrees}, flip={self.flip}, zoom={self.zoom})')
