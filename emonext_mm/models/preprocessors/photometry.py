"""Random contrast, brightness, blur, noise and erased rectangles, computed on the device of the images."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class RandomPhotometry:
    """Random changes of normalised images, different for each image, in the order of the arguments.

    All arguments are off by default.

    Args:
        contrast: largest factor of the contrast; the factor is drawn log-uniformly from 1/contrast to contrast.
        brightness: largest value that is added or subtracted, in standard deviations of the data set.
        blur: largest share of the mean over 3 x 3 pixels that is mixed in.
        noise: largest standard deviation of Gaussian noise, in standard deviations of the data set.
        erase: probability of an erased rectangle, filled with 0, the mean colour (Zhong et al., "Random Erasing Data
            Augmentation", AAAI 2020; deviations: a share of each side from 0.2 to 0.5 is drawn instead of area and
            aspect ratio, and a rectangle may extend over the border).

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(self, contrast: float = 1.0, brightness: float = 0.0, blur: float = 0.0, noise: float = 0.0,
                 erase: float = 0.0) -> None:
        for name, value, low, high in [('contrast', contrast, 1, math.inf), ('brightness', brightness, 0, math.inf),
                                       ('blur', blur, 0, 1), ('noise', noise, 0, math.inf), ('erase', erase, 0, 1)]:
            if not low <= value <= high:
                raise ValueError(f'{name} must be from {low} to {high}, got {value!r}')
        self.contrast, self.brightness, self.blur, self.noise, self.erase = contrast, brightness, blur, noise, erase

    def __call__(self, images: Tensor) -> Tensor:
        """Change images (N, C, H, W); the input is left as it is."""
        def draw(*shape: int) -> Tensor:
            return torch.rand(len(images), *shape, device=images.device)

        factor = ((2 * draw(1, 1, 1) - 1) * math.log(self.contrast)).exp()
        mean = images.mean((1, 2, 3), keepdim=True)
        images = torch.addcmul(mean + self.brightness * (2 * draw(1, 1, 1) - 1), images - mean, factor)
        if self.blur:
            images = torch.lerp(images, F.avg_pool2d(images, 3, 1, 1, count_include_pad=False),
                                self.blur * draw(1, 1, 1))
        if self.noise:
            normal = torch.randn(images.shape, device=images.device)
            images = torch.addcmul(images, normal, self.noise * draw(1, 1, 1))
        if self.erase:
            y, x = (self._interval(draw, size) for size in images.shape[-2:])
            inside = y[:, :, None] & x[:, None] & (draw(1, 1) < self.erase)
            images = images.masked_fill(inside[:, None], 0)
        return images

    @staticmethod
    def _interval(draw: Callable[..., Tensor], size: int) -> Tensor:
        """Masks (N, size) of the pixels in a random interval."""
        centre, half_length = draw(1), 0.1 + 0.15 * draw(1)
        pixels = (torch.arange(size, device=centre.device) + 0.5) / size
        return (pixels - centre).abs() < half_length

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(contrast={self.contrast}, brightness={self.brightness}, blur={self.blur}, '
                f'noise={self.noise}, erase={self.erase})')
