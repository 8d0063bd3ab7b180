"""From the predictions for several views of an image to one.

The host's ``AverageClsScoreTTA`` averages the probabilities too, but keeps the first view's ``pred_label``.
"""
from __future__ import annotations

import torch
from mmengine.model import BaseTTAModel
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor


@MODELS.register_module()
class AverageProbabilityTTA(BaseTTAModel):
    """The mean of the views' probabilities.

    Each view goes through the ``test_step`` of the model, so also through its data preprocessor: an STN sees, and
    warps, every view by itself.

    Args:
        module: the model, or its config; ``tools/test.py --tta`` fills it in.
        data_preprocessor: for a model config without one.
    """

    def merge_preds(self, data_samples_list: list[list[DataSample]]) -> list[DataSample]:
        """The views of each image, each with ``pred_score`` (K,), to one sample with score and label."""
        return [self._merge(views) for views in data_samples_list]

    def _merge(self, views: list[DataSample]) -> DataSample:
        score = self.average(torch.stack([view.pred_score for view in views]))
        return views[0].new().set_pred_score(score).set_pred_label(score.argmax())

    @staticmethod
    def average(probabilities: Tensor) -> Tensor:
        """(V, K) probabilities of V views to (K,)."""
        return probabilities.mean(0)


@MODELS.register_module()
class AverageLogitTTA(AverageProbabilityTTA):
    """The softmax of the mean of the views' logits, as the released code of EmoNeXt decides.

    A log-probability is the logit less a constant of its view, and softmax does not see constants: so the mean
    of the log-probabilities does, and no model has to give its logits away.
    """

    @staticmethod
    def average(probabilities: Tensor) -> Tensor:
        # A probability that has underflowed to 0 would forbid its class for good.
        tiny = torch.finfo(probabilities.dtype).tiny
        return probabilities.clamp(min=tiny).log().mean(0).softmax(0)
