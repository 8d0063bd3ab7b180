"""Test-time augmentation (TTA): averaged predictions for several views of an image.

MMPretrain's ``AverageClsScoreTTA`` averages the probabilities too, but keeps the ``pred_label`` of the first view.
"""
from __future__ import annotations

import torch
from mmengine.model import BaseTTAModel
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor


@MODELS.register_module()
class AverageProbabilityTTA(BaseTTAModel):
    """Mean of the probabilities of all views.

    Each view passes through the model's data preprocessor, so an STN warps every view separately.

    Args:
        module: the model or its config, filled in by ``tools/test.py --tta``.
        data_preprocessor: config of the data preprocessor, if that of the model has none.
    """

    def merge_preds(self, data_samples_list: list[list[DataSample]]) -> list[DataSample]:
        """Merge the views of each image, with ``pred_score`` (K,) each, into one sample with score and label."""
        return [self._merge(views) for views in data_samples_list]

    def _merge(self, views: list[DataSample]) -> DataSample:
        score = self.average(torch.stack([view.pred_score for view in views]))
        return views[0].new().set_pred_score(score).set_pred_label(score.argmax())

    @staticmethod
    def average(probabilities: Tensor) -> Tensor:
        """Average the probabilities (V, K) of V views to (K,)."""
        return probabilities.mean(0)


@MODELS.register_module()
class AverageLogitTTA(AverageProbabilityTTA):
    """Softmax of the mean logits of all views, as in the authors' code.

    Computed from log-probabilities. They differ from logits by a constant for each view, which softmax cancels.
    """

    @staticmethod
    def average(probabilities: Tensor) -> Tensor:
        # The logarithm of a probability that has underflowed to 0 would exclude its class.
        tiny = torch.finfo(probabilities.dtype).tiny
        return probabilities.clamp(min=tiny).log().mean(0).softmax(0)
