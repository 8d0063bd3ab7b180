"""A whole model as one module, from the bytes of faces to calibrated probabilities, for export."""
from __future__ import annotations

import torch
from mmpretrain.models import ImageClassifier
from torch import Tensor, nn

from emonext_mm.models.preprocessors.stn import STNDataPreprocessor

LIMIT = 1e-5  # largest difference of a probability


class FaceClassifier(nn.Module):
    """Data preprocessor with STN, backbone, head, temperature and softmax, for any batch size.

    MMPretrain's ``forward`` of a data preprocessor would fix the batch size of an exported graph.

    Args:
        model: a classifier with its data preprocessor; it is set to evaluation mode.
        colour: whether the faces are RGB; else grey.

    Raises:
        ValueError: the data preprocessor pads images.
    """

    def __init__(self, model: ImageClassifier, colour: bool = False) -> None:
        super().__init__()
        preprocessor = model.data_preprocessor
        if preprocessor.pad_size_divisor > 1:
            raise ValueError(f'pad_size_divisor is {preprocessor.pad_size_divisor}; a model that pads is not exported')
        self.model, self.colour = model, colour
        self.warps = isinstance(preprocessor, STNDataPreprocessor) and (
            preprocessor.localization is not None or preprocessor.view is not None)
        self.register_buffer('mean', getattr(preprocessor, 'mean', None), persistent=False)
        self.register_buffer('std', getattr(preprocessor, 'std', None), persistent=False)
        self.eval()

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Classify faces (N, C, H, W) uint8, with one channel or, in colour, three.

        Returns:
            Probabilities (N, K) float32, and the faces after view and STN, (N, C, h, w) uint8, grey faces with one
            channel; (N, 0, 0, 0) if the model has neither view nor STN.
        """
        images = faces.float()
        if self.colour and not self.model.data_preprocessor.to_rgb:
            images = images.flip(1)  # the model is trained on BGR
        if self.mean is not None:
            images = (images - self.mean) / self.std
        shown = faces[:, :0, :0, :0]
        if self.warps:
            images, _ = self.model.data_preprocessor.warp(images)
            shown = self._to_bytes(images)
        logits = self.model(images, mode='tensor').float()
        return (logits / getattr(self.model.head, 'temperature', 1.0)).softmax(1), shown

    @torch.no_grad()
    def check_scores(self, faces: Tensor) -> None:
        """Refuse a model whose own scores of faces (N, C, H, W) uint8 are others, such as the sigmoids of a head.

        Raises:
            ValueError: a probability differs by more than 1e-5.
        """
        images = faces.flip(1) if self.colour else faces  # the model is shown BGR, as MMCV loads it
        samples = self.model.test_step(dict(inputs=images, data_samples=None))
        difference = (self(faces)[0] - torch.stack([sample.pred_score for sample in samples])).abs().max().item()
        if difference > LIMIT:
            raise ValueError(f'the scores of {type(self.model.head).__name__} are no softmax of its outputs, they '
                             f'differ by {difference:.2g}; such a model is not exported')

    def _to_bytes(self, images: Tensor) -> Tensor:
        if self.mean is not None:
            images = images * self.std + self.mean
        if not self.colour:
            images = images[:, :1]
        elif not self.model.data_preprocessor.to_rgb:
            images = images.flip(1)
        return images.round().clamp(0, 255).to(torch.uint8)
