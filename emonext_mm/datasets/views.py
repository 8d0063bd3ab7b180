"""Test views of an image as affine maps, for an ``STNDataPreprocessor`` with an ``AffineView``."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform, TestTimeAug
from mmpretrain.registry import MODELS, TRANSFORMS

from emonext_mm.datasets.transforms import SetView

PACK = dict(type='PackInputs', meta_keys=('sample_idx', 'view'))


@TRANSFORMS.register_module()
class Views(TestTimeAug):
    """Given views of an image. Each key of the result is a list, as with MMCV's ``TestTimeAug``. ::

        tta_pipeline = [dict(type='Views', size=224, views=[(1, 0, 0, 0, False), (1, 0.4, 10, 0, True)])]

    A view is the image after these steps: mirrored, if ``flip``; the central part of ``zoom`` times its side enlarged
    to the whole; shifted by pixels to the right and down; rotated by an angle in radians, counter-clockwise. Equal
    views count as often as they are given.

    Args:
        size: side of the views in pixels, for the unit of the shifts.
        views: (zoom, radians, shift to the right, shift down, flip) of each.
        transforms: applied to each view; the last one packs it and keeps ``view``.
    """

    def __init__(self, size: int, views: Sequence[tuple[float, float, float, float, bool]],
                 transforms: Sequence[dict | Callable] = (PACK, )) -> None:
        rest = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in transforms]
        super().__init__([[SetView(_map(size, *view)) for view in views], *([step] for step in rest)])


@TRANSFORMS.register_module()
class RandomViews(BaseTransform):
    """Random views of an image, the same ones in each test. Each key of the result is a list. ::

        view = dict(type='AffineView', size=224, degrees=30, flip=0.5)
        tta_pipeline = [dict(type='RandomViews', view=view, count=10)]

    Some authors test on the mean of random draws of their training's augmentation. Here the draws depend on the index
    of the image and on the seed alone.

    Args:
        view: config of the ``AffineView`` from which they are drawn.
        count: number of views.
        seed: of all images.
        transforms: applied to each view; the last one packs it and keeps ``view``.
    """

    def __init__(self, view: dict, count: int = 10, seed: int = 0, transforms: Sequence[dict | Callable] = (PACK, )
                 ) -> None:
        self.view, self.count, self.seed = MODELS.build(view), count, seed
        self.transforms = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in transforms]

    def transform(self, results: dict) -> dict:
        mixed = np.random.SeedSequence([self.seed, results['sample_idx']]).generate_state(1)[0]
        generator = torch.Generator().manual_seed(int(mixed))
        maps = self.view.draw(self.count, torch.device('cpu'), generator).tolist()
        return TestTimeAug([[SetView(each) for each in maps], *([step] for step in self.transforms)])(results)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(view={self.view}, count={self.count}, seed={self.seed})'


def _map(size: int, zoom: float, radians: float, x: float, y: float, flip: bool) -> list[list[float]]:
    """Map from the view to the image, 2 rows of 3, in normalised coordinates, whose y axis points down."""
    cosine, sine, mirror = zoom * math.cos(radians), zoom * math.sin(radians), -1 if flip else 1
    return [[mirror * cosine, -mirror * sine, -mirror * zoom * 2 * x / size],
            [sine, cosine, -zoom * 2 * y / size]]
