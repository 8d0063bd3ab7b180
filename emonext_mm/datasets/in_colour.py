"""Transforms of colour images for grey faces."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS
from PIL import Image

from emonext_mm.utils.images import to_grey, to_three_channels

# Transforms of MMPretrain and MMCV that fail on (H, W) or return another number of channels. Most convert to grey or
# HSV, index the channels, or add one value for each channel.
FOR_COLOUR = ('AutoAugment', 'RandAugment', 'AutoContrast', 'Equalize', 'Contrast', 'ColorTransform', 'ColorJitter',
              'Lighting', 'RandomErasing', 'RandomTranslatePad', 'RandomGrayscale', 'Albumentations', 'NumpyToPIL')


@TRANSFORMS.register_module()
class InColour(BaseTransform):
    """Apply transforms of colour images to a grey one, which stays grey.

    Most transforms of MMPretrain expect (H, W, 3). A grey image is given to them as three equal channels, and their
    result is converted to grey by ITU-R BT.601. ``FER2013`` and ``SyntheticFER`` wrap those of ``FOR_COLOUR`` by
    themselves; name this transform for others, or in the pipeline of another data set. Colour images pass unchanged. ::

        pipeline = [dict(type='InColour', transforms=[dict(type='Albumentations', transforms=[...])])]

    Required and modified key: ``img``: (H, W) or (H, W, 1), which becomes (H, W); or (H, W, 3). An image of PIL stays
    one.

    Args:
        transforms: transforms, or their configs.
    """

    def __init__(self, transforms: Sequence[dict | BaseTransform]) -> None:
        self.transforms = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in transforms]

    def transform(self, results: dict) -> dict | None:
        image = results['img']
        grey = isinstance(image, np.ndarray) and (image.ndim == 2 or image.shape[2] == 1)
        if grey:
            results['img'] = to_three_channels(image)
        for step in self.transforms:
            results = step(results)
            if results is None:
                return None
        if grey and 'img' in results:  # a step may have packed it
            results['img'] = _to_grey(results['img'])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}({", ".join(map(repr, self.transforms))})'


def adapt_to_grey(pipeline: Any) -> Any:
    """Return a pipeline, or a part of one, in which the transforms of ``FOR_COLOUR`` are applied ``InColour``.

    Transforms inside of others (``RandomApply``, ``MultiView``) are found in their configs.
    """
    if isinstance(pipeline, (list, tuple)):
        return type(pipeline)(adapt_to_grey(step) for step in pipeline)
    if isinstance(pipeline, dict):
        kind = pipeline.get('type', '')
        name = (kind if isinstance(kind, str) else kind.__name__).rpartition('.')[2]
        if name in FOR_COLOUR:
            return dict(type=InColour, transforms=[pipeline])
        return {key: adapt_to_grey(value) for key, value in pipeline.items()}
    return InColour([pipeline]) if type(pipeline).__name__ in FOR_COLOUR else pipeline


def _to_grey(image: Any) -> Any:
    if isinstance(image, Image.Image):
        return image.convert('L')
    return to_grey(image) if isinstance(image, np.ndarray) else image
