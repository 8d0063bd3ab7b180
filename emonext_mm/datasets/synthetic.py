"""A data set of drawn faces, which needs no download."""
from __future__ import annotations

import numpy as np
from mmengine.dataset import force_full_init
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from emonext_mm.datasets.class_order import arrange
from emonext_mm.datasets.drawn_face import draw_face
from emonext_mm.datasets.in_colour import adapt_to_grey
from emonext_mm.datasets.readers.face_table import SIZE
from emonext_mm.datasets.splits import SPLITS
from emonext_mm.emotions import CLASSES


@DATASETS.register_module()
class SyntheticFER(BaseDataset):
    """Drawn faces with the interface of ``FER2013``.

    Sample ``i`` depends only on (``seed``, ``split``, ``i``), not on the number of samples or the order of access: the
    same bits with the same OpenCV and NumPy. Its class is ``i % 7``. All faces are drawn when the data set is
    initialised (about 3 s for 4,000), into one array that forked workers share.

    A sample before the pipeline has ``img`` (uint8, (48, 48) or (48, 48, 3)), ``img_shape``, ``ori_shape``,
    ``gt_label``, ``sample_idx`` and ``sample_id`` (such as ``train_17``).

    Args:
        num_samples: number of faces.
        split: 'train', 'val' or 'test': three independent random streams.
        seed: seed of the random streams.
        pipeline: transforms, or their configs.
        color_type: as in ``FER2013``.
        max_rotation, nuisance: as in :func:`draw_face`.
        **kwargs: ``metainfo``, ``classes``, ``indices``, ``test_mode``, ``lazy_init`` and ``max_refetch``, as in
            ``FER2013``.

    Raises:
        ValueError: ``num_samples``, ``split``, ``color_type`` or ``classes`` is not one of the values above.
    """

    METAINFO: dict = {'classes': CLASSES}  # noqa: RUF012 (MMEngine's name and type)

    def __init__(
        self,
        num_samples: int,
        split: str = 'train',
        seed: int = 0,
        pipeline: tuple | list = (),
        color_type: str = 'grayscale',
        max_rotation: float = 30.0,
        nuisance: float = 1.0,
        **kwargs,
    ) -> None:
        if not isinstance(num_samples, int) or num_samples < 1:
            raise ValueError(f'num_samples must be a positive whole number, got {num_samples!r}')
        if split not in SPLITS:
            raise ValueError(f'split must be one of {SPLITS}, got {split!r}')
        if color_type not in ('grayscale', 'color'):
            raise ValueError(f"color_type must be 'grayscale' or 'color', got {color_type!r}")
        self.num_samples = num_samples
        self.split = split
        self.seed = seed
        self.color_type = color_type
        self.max_rotation = max_rotation
        self.nuisance = nuisance
        # data_list holds the numbers of the faces; there are no dicts to serialize.
        pipeline = adapt_to_grey(pipeline) if color_type == 'grayscale' else pipeline
        super().__init__(ann_file='', pipeline=pipeline, serialize_data=False, **kwargs)

    def load_data_list(self) -> np.ndarray:
        """Draw the faces and return their numbers, (N,) int64."""
        numbers = np.arange(self.num_samples)
        split = SPLITS.index(self.split)  # part of the seed
        self._drawn = np.empty((self.num_samples, SIZE, SIZE), np.uint8)
        for i in numbers:
            rng = np.random.default_rng([self.seed, split, i])
            self._drawn[i] = draw_face(i % len(CLASSES), rng, self.max_rotation, self.nuisance)
        self._labels = arrange(numbers % len(CLASSES), self.metainfo['classes'])
        return numbers

    def _get_unserialized_subset(self, indices) -> np.ndarray:
        return np.asarray(super()._get_unserialized_subset(indices), np.int64)

    @property
    @force_full_init
    def images(self) -> np.ndarray:
        """Images, (N, 48, 48) uint8, a copy."""
        return self._drawn[self.data_list]

    @property
    @force_full_init
    def labels(self) -> np.ndarray:
        """Labels, (N,) int64, a copy."""
        return self._labels[self.data_list]

    def get_gt_labels(self) -> np.ndarray:
        return self.labels

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """One sample before the pipeline, see the class. Its image may be modified."""
        number = int(self.data_list[idx])
        image = self._drawn[number]
        return {
            'img': image.copy() if self.color_type == 'grayscale' else np.repeat(image[..., None], 3, axis=2),
            'img_shape': image.shape,
            'ori_shape': image.shape,
            'gt_label': int(self._labels[number]),
            'sample_id': f'{self.split}_{number}',
            'sample_idx': idx % len(self),
        }

    def extra_repr(self) -> list[str]:
        return [f'Split: \t{self.split}', f'Seed: \t{self.seed}', f'Maximal rotation: \t{self.max_rotation}']
