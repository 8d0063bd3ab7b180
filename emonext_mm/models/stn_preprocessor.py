"""EmoNeXt's Spatial Transformer, in the data preprocessor.

El Boudouri & Bohi, MMSP 2023, section III-A; Jaderberg et al., "Spatial Transformer Networks", 2015.
Standing in the preprocessor it can be put before any MMPretrain model. Deviations from the released code:
``align_corners`` is False unless asked for, and images of any size are taken (see ``LocalizationNet``).
"""
from __future__ import annotations

import torch
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.registry import MODELS
from torch import Tensor

from .layers.affine import affine_warp
from .layers.localization import LocalizationNet


@MODELS.register_module()
class STNDataPreprocessor(ClsDataPreprocessor):
    """``ClsDataPreprocessor`` that learns to warp the normalised batch before it mixes samples.

    In order: cast, to RGB, normalise, pad (all of these the host's), STN, batch augmentation. The STN comes
    before mixup and CutMix because it must see real faces, not blends.

    Grey batches (N, 1, H, W) become three-channel ones when ``mean`` and ``std`` have three values.

    Args:
        localization_size: side in pixels of the view the localisation net looks at; None turns the STN off.
        align_corners: convention of the sampling grid, see ``affine_warp``; the released code has True.
        in_channels: channels of the normalised images.
        **kwargs: those of ``ClsDataPreprocessor``.
    """

    def __init__(
        self,
        localization_size: int | None = 224,
        align_corners: bool = False,
        in_channels: int = 3,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.align_corners = align_corners
        self.localization = LocalizationNet(localization_size, in_channels) if localization_size else None

    def init_weights(self) -> None:
        """Back to the identity: an ``init_cfg`` of the model reaches in here and overwrites it."""
        if self.localization is not None:
            self.localization.reset_identity()

    def warp(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Warp normalised images (N, C, H, W); return them with the theta (N, 2, 3) that was used.

        Raises:
            RuntimeError: if the STN is off.
        """
        if self.localization is None:
            raise RuntimeError('the STN is off: localization_size is None')
        theta = self.localization(images)
        return affine_warp(images, theta, align_corners=self.align_corners), theta

    def forward(self, data: dict, training: bool = False) -> dict:
        """Like the host's; ``inputs`` of the result is (N, C, H, W) float."""
        data = super().forward(data, training=False)  # batch augmentation has to wait for the STN
        if self.localization is not None:
            data['inputs'] = self.warp(data['inputs'])[0]
        if training and self.batch_augments is not None:
            self._augment_batch(data)
        return data

    def _augment_batch(self, data: dict) -> None:
        samples = data['data_samples']
        scores = torch.stack([sample.gt_score for sample in samples])
        data['inputs'], scores = self.batch_augments(data['inputs'], scores)
        for sample, score in zip(samples, scores):
            sample.set_gt_score(score)
