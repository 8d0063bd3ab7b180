"""EmoNeXt's Spatial Transformer, in the data preprocessor.

El Boudouri & Bohi, MMSP 2023, section III-A; Jaderberg et al., "Spatial Transformer Networks", 2015.
Standing in the preprocessor it can be put before any MMPretrain model. Deviations from the released code:
``align_corners`` is False unless asked for, and images of any size are taken (see ``LocalizationNet``).
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


@MODELS.register_module()
class STNDataPreprocessor(ClsDataPreprocessor):
    """``ClsDataPreprocessor`` that learns to warp the normalised batch before it mixes samples.

    In order: cast, to RGB, normalise, pad (all of these the host's), STN, batch augmentation. The STN comes
    before mixup and CutMix because it must see real faces, not blends.

    Grey batches (N, 1, H, W) become three-channel ones when ``mean`` and ``std`` have three values.

    With a ``view``, images come as they are stored, uint8 and small. The view and the STN's map become one, and the
    original pixels are sampled once; the localisation net looks at a small image of the view. Of grey images, if
    the three means and deviations are equal, one channel is sampled, and expanded without a copy. A sample that
    brings a ``view`` of its own (see ``TenViews``) is seen there.

    Args:
        localization_size: side in pixels of the view the localisation net looks at; None turns the STN off.
        align_corners: convention of the sampling grid, see ``affine_warp``; the released code has True.
        in_channels: channels of the normalised images.
        view: an ``AffineView``, or its config; None where the pipeline resizes and crops.
        **kwargs: those of ``ClsDataPreprocessor``.
    """

    def __init__(
        self,
        localization_size: int | None = 224,
        align_corners: bool = False,
        in_channels: int = 3,
        view: AffineView | dict | None = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self._non_blocking = True  # of the images, which the data loader pins
        self.align_corners, self.in_channels = align_corners, in_channels
        self.view = MODELS.build(view) if isinstance(view, dict) else view
        # Whether the channels of a grey image are still the same after normalisation.
        self._same_for_all = self._enable_normalize and all(len(x.unique()) == 1 for x in (self.mean, self.std))
        self.localization = LocalizationNet(localization_size, in_channels) if localization_size else None

    def init_weights(self) -> None:
        """Back to the identity: an ``init_cfg`` of the model reaches in here and overwrites it."""
        if self.localization is not None:
            self.localization.reset_identity()

    def warp(self, images: Tensor, view: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Warp normalised images (N, C, H, W); return them with the theta (N, 2, 3) that was used.

        Args:
            images: where there is an ``AffineView``, of any size; (N, C, size, size) come out.
            view: (N, 2, 3), the part of each image that the STN is shown; the centre when None. Only with an
                ``AffineView``.

        Raises:
            RuntimeError: if the STN is off and there is no ``AffineView``.
        """
        if self.view is None:
            if self.localization is None:
                raise RuntimeError('the STN is off: localization_size is None')
            theta = self.localization(images)
            return affine_warp(images, theta, align_corners=self.align_corners), theta
        size = self.view.size
        theta = self.view.centre(len(images), images.device) if view is None else view
        if self.localization is not None:
            look = affine_warp(images, theta, 2 * (self.localization.size,))
            then = self.localization(look.expand(-1, self.in_channels, -1, -1)).to(look.dtype)
            if self.align_corners:  # in which the same shift is this much shorter
                then = then * then.new_tensor([1, 1, (size - 1) / size])
            theta = compose_affine(theta, then)
        return affine_warp(images, theta, (size, size)), theta

    def forward(self, data: dict, training: bool = False) -> dict:
        """Like the host's; ``inputs`` of the result is (N, C, H, W) float."""
        grey = self._same_for_all and len(data['inputs'][0]) == 1
        self._send_labels(data.get('data_samples'))
        data = super().forward(data, training=False)  # batch augmentation has to wait for the STN
        images = data['inputs']
        if self.view is not None:
            view = self._views(data, training)
            data['inputs'] = self.warp(images[:, :1] if grey else images, view)[0].expand(-1, images.shape[1], -1, -1)
        elif self.localization is not None:
            data['inputs'] = self.warp(images)[0]
        if training and self.batch_augments is not None:
            self._augment_batch(data)
        return data

    def _send_labels(self, samples: list[DataSample] | None) -> None:
        """To a GPU in one copy, from pinned memory: for the host's own, which is not, the CPU would wait."""
        if self.device.type == 'cuda' and samples and 'gt_label' in samples[0]:
            labels = [sample.gt_label for sample in samples]
            sent = torch.cat(labels).pin_memory().to(self.device, non_blocking=True)
            for sample, label in zip(samples, sent.split([len(label) for label in labels])):
                sample.set_gt_label(label)

    def _views(self, data: dict, training: bool) -> Tensor:
        """What of each image the STN is shown, (N, 2, 3)."""
        images, samples = data['inputs'], data.get('data_samples')
        if samples and 'view' in samples[0]:
            return torch.tensor([sample.view for sample in samples], dtype=images.dtype, device=images.device)
        pick = self.view.draw if training else self.view.centre
        return pick(len(images), images.device)

    def _augment_batch(self, data: dict) -> None:
        samples = data['data_samples']
        scores = torch.stack([sample.gt_score for sample in samples])
        data['inputs'], scores = self.batch_augments(data['inputs'], scores)
        for sample, score in zip(samples, scores):
            sample.set_gt_score(score)
