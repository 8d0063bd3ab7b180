"""EmoNeXt's Spatial Transformer Network (STN) as a data preprocessor, for any MMPretrain model.

El Boudouri & Bohi, MMSP 2023, section III-A; Jaderberg et al., "Spatial Transformer Networks", 2015.
Deviations from the authors' code: ``align_corners`` is False by default, and images may have any size (see
:class:`~emonext_mm.models.layers.localization.LocalizationNet`).
"""
from __future__ import annotations

import torch
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from emonext_mm.models.layers.affine import affine_warp, compose_affine
from emonext_mm.models.layers.localization import LocalizationNet
from emonext_mm.models.preprocessors.affine_view import AffineView
from emonext_mm.models.preprocessors.photometry import RandomPhotometry


@MODELS.register_module()
class STNDataPreprocessor(ClsDataPreprocessor):
    """``ClsDataPreprocessor`` with a Spatial Transformer between normalisation and batch augmentation.

    Order: cast, convert to RGB, normalise, pad (all as in ``ClsDataPreprocessor``), STN, photometry, batch
    augmentation. The STN precedes mixup and CutMix because it must see real faces, not blended ones.

    Grey batches (N, 1, H, W) become three-channel batches when ``mean`` and ``std`` have three values.

    With a ``view``, the pipeline delivers the stored images, without resize and crop. The maps of view and STN are
    composed, and the original pixels are interpolated once; the localisation network sees a small image of the view. A
    data sample with a ``view`` field (see ``TenViews``) selects its own view.

    If the images are grey and all channels have the same mean and std, the STN works on one channel, which is then
    expanded without a copy.

    Args:
        localization_size: input size of the localisation network in pixels; None disables the STN.
        align_corners: convention of the sampling grid, see ``affine_warp``. Authors' code: True.
        padding_mode: values outside the image, see ``affine_warp``: 'zeros' is the mean colour after normalisation.
        in_channels: number of channels of the normalised images.
        view: an ``AffineView`` or its config; None if the pipeline resizes and crops.
        photometry: a ``RandomPhotometry`` or its config, which changes the warped images in training; None for no
            change.
        **kwargs: as in ``ClsDataPreprocessor``.
    """

    def __init__(
        self,
        localization_size: int | None = 224,
        align_corners: bool = False,
        padding_mode: str = 'zeros',
        in_channels: int = 3,
        view: AffineView | dict | None = None,
        photometry: RandomPhotometry | dict | None = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self._non_blocking = True  # images are copied to the GPU asynchronously, from pinned memory
        self.align_corners, self.padding_mode = align_corners, padding_mode
        self.view = MODELS.build(view) if isinstance(view, dict) else view
        self.photometry = MODELS.build(photometry) if isinstance(photometry, dict) else photometry
        # Whether the channels of a grey image stay equal after normalisation.
        normalises = getattr(self, 'mean', None) is not None
        self._equal_channels = normalises and all(len(x.unique()) == 1 for x in (self.mean, self.std))
        self.localization = LocalizationNet(localization_size, in_channels) if localization_size else None

    def init_weights(self) -> None:
        """Reset the STN to the identity, because an ``init_cfg`` of the model overwrites its weights."""
        if self.localization is not None:
            self.localization.reset_identity()

    def warp(self, images: Tensor, view: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Warp normalised images.

        Args:
            images: (N, C, H, W).
            view: with an ``AffineView`` only: maps (N, 2, 3) of the views; None for the centred view.

        Returns:
            Warped images, (N, C, H, W) or (N, C, size, size) with an ``AffineView``; and theta (N, 2, 3), the map from
            warped to original coordinates.

        Raises:
            RuntimeError: there is neither an STN nor an ``AffineView``.
        """
        if self.view is None:
            if self.localization is None:
                raise RuntimeError('the STN is off: localization_size is None')
            theta = self.localization(images)
            return affine_warp(images, theta, None, self.align_corners, self.padding_mode), theta
        size = self.view.size
        theta = self.view.centre(images.shape[0], images.device) if view is None else view
        if self.localization is not None:
            small = affine_warp(images, theta, 2 * (self.localization.size,), padding_mode=self.padding_mode)
            learnt = self.localization(small).to(small.dtype)
            if self.align_corners:  # convert the shift to the convention of align_corners=False
                learnt = learnt * learnt.new_tensor([1, 1, (size - 1) / size])
            theta = compose_affine(theta, learnt)
        return affine_warp(images, theta, (size, size), padding_mode=self.padding_mode), theta

    def forward(self, data: dict, training: bool = False) -> dict:
        """Preprocess a batch as ``ClsDataPreprocessor`` does; ``inputs`` of the result is (N, C, H, W) float.

        Raises:
            ValueError: the samples have a ``view``, and there is no ``AffineView`` to apply it.
        """
        if self.view is None and _have_views(data.get('data_samples')):
            raise ValueError('the samples have a view each, which a data preprocessor without a view cannot apply')
        grey = self._equal_channels and data['inputs'][0].shape[0] == 1
        self._send_labels(data.get('data_samples'))
        data = super().forward(data, training=False)  # batch augmentation must follow the STN
        channels = data['inputs'].shape[1]
        images = data['inputs'][:, :1] if grey else data['inputs']
        if self.view is not None or self.localization is not None:
            images, _ = self.warp(images, None if self.view is None else self._views(data, training))
        if training and self.photometry is not None:
            images = self.photometry(images)
        data['inputs'] = images.expand(-1, channels, -1, -1)
        if training and self.batch_augments is not None:
            self._augment_batch(data)
        return data

    def _send_labels(self, samples: list[DataSample] | None) -> None:
        """Copy the labels to the GPU at once, from pinned memory. The CPU would wait for MMEngine's unpinned copies.

        Labels of a batch that was here before are on the GPU already.
        """
        if (self.device.type == 'cuda' and samples and 'gt_label' in samples[0]
                and samples[0].gt_label.device.type == 'cpu'):
            labels = [sample.gt_label for sample in samples]
            sent = torch.cat(labels).pin_memory().to(self.device, non_blocking=True)
            for sample, label in zip(samples, sent.split([label.shape[0] for label in labels])):
                sample.set_gt_label(label)

    def _views(self, data: dict, training: bool) -> Tensor:
        """Maps (N, 2, 3) of the views of a batch."""
        images, samples = data['inputs'], data.get('data_samples')
        if _have_views(samples):
            return torch.tensor([sample.view for sample in samples], dtype=images.dtype, device=images.device)
        make = self.view.draw if training else self.view.centre
        return make(images.shape[0], images.device)

    def _augment_batch(self, data: dict) -> None:
        samples = data['data_samples']
        scores = torch.stack([sample.gt_score for sample in samples])
        data['inputs'], scores = self.batch_augments(data['inputs'].contiguous(), scores)  # CutMix writes in place
        for sample, score in zip(samples, scores):
            sample.set_gt_score(score)


def _have_views(samples: list[DataSample] | None) -> bool:
    return bool(samples) and 'view' in samples[0]
