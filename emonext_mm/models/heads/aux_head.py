"""Head of nets with auxiliary classifiers: GoogLeNet, Inception-v3.

Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, section 5: the losses of the auxiliary classifiers are
added with a weight of 0.3. Deviation: none.
"""
from __future__ import annotations

from mmpretrain.models import ClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor


@MODELS.register_module()
class AuxClsHead(ClsHead):
    """``ClsHead`` for a backbone that hands over logits: of auxiliary classifiers, then of the main one.

    The last logits are the prediction. A None stands for a classifier that is switched off, as in MMPretrain's
    ``InceptionV3``.

    Args:
        aux_weight: weight of the loss of each auxiliary classifier.
        **kwargs: as in ``ClsHead``.
    """

    def __init__(self, aux_weight: float = 0.3, **kwargs) -> None:
        super().__init__(**kwargs)
        self.aux_weight = aux_weight

    def loss(self, feats: tuple[Tensor | None, ...], data_samples: list[DataSample], **kwargs) -> dict[str, Tensor]:
        """Losses of logits (N, K): ``loss`` of the last, and ``loss_aux1`` and so on of the others, weighted."""
        losses = super().loss(feats, data_samples, **kwargs)
        for number, logits in enumerate(feats[:-1], 1):
            if logits is not None:
                aux = self._get_loss(logits, data_samples, **kwargs)['loss']
                losses[f'loss_aux{number}'] = self.aux_weight * aux
        return losses
