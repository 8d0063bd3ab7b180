"""Transforms: grey images, and the ten crops (four corners and centre, and their mirror images) of a test.

Krizhevsky et al., "ImageNet Classification with Deep CNNs", 2012, section 4.1; the authors' code of EmoNeXt tests with
ten crops. The views and their order are those of ``torchvision.transforms.TenCrop``.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

from mmcv.transforms import BaseTransform, RandomFlip, TestTimeAug
from mmpretrain.registry import TRANSFORMS

from emonext_mm.utils.images import to_grey, to_levels

CORNERS_AND_CENTRE = ((0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5))  # (x, y), in torchvision's order


@TRANSFORMS.register_module()
class ToGrey(BaseTransform):
    """Convert colour images to grey ones, as FER2013's are: an inferencer reads every file in colour.

    Required and modified key: ``img``. (H, W, 3), BGR, becomes (H, W) by ITU-R BT.601, as in OpenCV and Pillow; (H, W)
    is not changed, and of (H, W, 1) the channel is taken. The values become 0 to 255, since an inferencer takes arrays
    of any type: see :func:`~emonext_mm.utils.images.to_levels`.

    Raises:
        ValueError: the range of the values is not clear.
    """

    def transform(self, results: dict) -> dict:
        results['img'] = to_grey(to_levels(results['img']))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


@TRANSFORMS.register_module()
class AsTask(BaseTransform):
    """Make the label of an image that of one task of several, for MMPretrain's ``MultiTaskHead``. ::

        pipeline = [..., dict(type='AsTask', task='emotion'),
                    dict(type='PackMultiTaskInputs', multi_task_fields=('gt_label', 'gt_score'))]

    Modified keys: ``gt_label`` and ``gt_score``, as far as they are there: a dict from the task to the value.

    Args:
        task: name of the task, a key of ``task_heads``.
    """

    def __init__(self, task: str) -> None:
        self.task = task

    def transform(self, results: dict) -> dict:
        return {**results, **{key: {self.task: results[key]} for key in ('gt_label', 'gt_score') if key in results}}

    def __repr__(self) -> str:
        return f'{type(self).__name__}(task={self.task!r})'


@TRANSFORMS.register_module()
class CropAt(BaseTransform):
    """Crop a square at a relative position.

    Required keys: ``img`` (H, W) or (H, W, C). Modified keys: ``img``, ``img_shape``.

    Args:
        crop_size: side of the square in pixels.
        x: 0 for the left edge, 0.5 for the middle, 1 for the right edge.
        y: 0 for the top, 1 for the bottom.

    Raises:
        ValueError: ``crop_size``, ``x`` or ``y`` is out of range; an image is smaller than the crop.
    """

    def __init__(self, crop_size: int, x: float = 0.5, y: float = 0.5) -> None:
        if not isinstance(crop_size, int) or crop_size < 1:
            raise ValueError(f'crop_size must be a positive whole number of pixels, got {crop_size!r}')
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f'x and y must be between 0 and 1, got {x!r} and {y!r}')
        self.crop_size, self.x, self.y = crop_size, x, y

    def transform(self, results: dict) -> dict:
        size = self.crop_size
        height, width = results['img'].shape[:2]
        if min(height, width) < size:
            raise ValueError(f'a crop of {size} px does not fit in an image of {height} x {width}')
        left, top = round(self.x * (width - size)), round(self.y * (height - size))
        results['img'] = results['img'][top:top + size, left:left + size]
        results['img_shape'] = (size, size)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(crop_size={self.crop_size}, x={self.x}, y={self.y})'


@TRANSFORMS.register_module()
class TenCrop(TestTimeAug):
    """Ten crops of an image, for the end of a ``tta_pipeline``.

    MMCV's ``TestTimeAug`` over crops and flips: each key of the result is a list of ten. Order: top left, top right,
    bottom left, bottom right, centre; then the same crops of the mirror image. ::

        tta_pipeline = [
            dict(type='Resize', scale=236, interpolation='bilinear'),
            dict(type='TenCrop', crop_size=224, transforms=[dict(type='PackInputs')]),
        ]

    Args:
        crop_size: side of the square views in pixels.
        transforms: applied to each view; the last one packs it.

    Raises:
        ValueError: see :class:`CropAt`.
    """

    def __init__(self, crop_size: int, transforms: Sequence[dict | Callable] = (dict(type='PackInputs'),)) -> None:
        flips = [RandomFlip(prob=0.0), RandomFlip(prob=1.0)]
        crops = [CropAt(crop_size, x, y) for x, y in CORNERS_AND_CENTRE]
        # Built here: TestTimeAug would look in MMCV's registry, which does not know MMPretrain's transforms.
        rest = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in transforms]
        super().__init__([flips, crops, *([step] for step in rest)])


@TRANSFORMS.register_module()
class SetView(BaseTransform):
    """Select the part of an image that an ``STNDataPreprocessor`` with an ``AffineView`` sees. Added key: ``view``.

    Args:
        view: 2 rows of 3, the affine map from the view to the image, in normalised coordinates.
    """

    def __init__(self, view: Sequence[Sequence[float]]) -> None:
        self.view = view

    def transform(self, results: dict) -> dict:
        results['view'] = self.view
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(view={self.view})'


@TRANSFORMS.register_module()
class TenViews(TestTimeAug):
    """The crops of :class:`TenCrop` as ten affine maps, for an ``AffineView``: the image itself is not changed. ::

        tta_pipeline = [dict(type='TenViews', size=224, resize=236)]

    Args:
        size: side of the square views in pixels.
        resize: side of the whole image at the same scale; the views are at its corners and its centre.
        transforms: applied to each view; the last one packs it and keeps ``view``.

    Raises:
        ValueError: ``resize`` is less than ``size``.
    """

    def __init__(self, size: int, resize: float,
                 transforms: Sequence[dict | Callable] = (dict(type='PackInputs', meta_keys=('sample_idx', 'view')),),
                 ) -> None:
        if not 0 < size <= resize:
            raise ValueError(f'size must be between 0 and resize, got {size!r} and {resize!r}')
        scale, room = size / resize, 1 - size / resize
        views = [SetView([[mirror * scale, 0.0, mirror * room * (2 * x - 1)], [0.0, scale, room * (2 * y - 1)]])
                 for mirror in (1, -1) for x, y in CORNERS_AND_CENTRE]
        rest = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in transforms]
        super().__init__([views, *([step] for step in rest)])
