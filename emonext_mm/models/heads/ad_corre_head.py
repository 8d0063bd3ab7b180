"""Head of Ad-Corre: several embeddings of one feature vector, and losses on their correlations.

Fard & Mahoor, IEEE Access 10, 26756, 2022; reference code ``cnn_model.py``, ``custom_loss.py`` and ``config.py`` of
``aliprf/Ad-Corre``. Deviations: the correlation terms are differentiable, see
:mod:`~emonext_mm.models.layers.correlation`; the confusion matrix is of the last ``window`` training predictions (the
code: about 1,000) of all processes and weights FD by default, where the code computes the weights without using them.
It is part of the state dict, so that a resumed training weights FD as an unbroken one.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather
from mmpretrain.models import ClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from emonext_mm.models.layers.correlation import (
    embedding_diversity,
    feature_discrimination,
    mean_discrimination,
    pair_weights,
)


@MODELS.register_module()
class AdCorreClsHead(ClsHead):
    """Linear layers to embeddings of length 1, then dropout and a linear layer on all of them.

    Args:
        num_classes: number of classes.
        in_channels: number of feature channels C.
        num_embeddings: number of embeddings E; 7 in the paper's figures, 10 in the released configuration.
        embedding_dims: length of an embedding.
        dropout: before the last layer.
        fd_weight, md_weight, ed_weight: weights of the terms. In the released code no gradient reaches the network from
            them, which is a weight of 0; a term of weight 0 is not computed.
        adaptive: whether FD weights pairs by the recent errors of their classes.
        window: number of recent training predictions in the confusion matrix.
        loss: the code averages the cross entropy over the classes too and multiplies it by 50, hence 50 / 7.
        **kwargs: as in ``ClsHead``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_embeddings: int = 7,
        embedding_dims: int = 256,
        dropout: float = 0.5,
        fd_weight: float = 1.0,
        md_weight: float = 1.0,
        ed_weight: float = 1.0,
        adaptive: bool = True,
        window: int = 1000,
        loss: dict = dict(type='CrossEntropyLoss', loss_weight=50 / 7),  # noqa: B006
        **kwargs,
    ) -> None:
        super().__init__(loss=loss, **kwargs)
        self.num_classes, self.in_channels, self.num_embeddings = num_classes, in_channels, num_embeddings
        self.fd_weight, self.md_weight, self.ed_weight, self.adaptive = fd_weight, md_weight, ed_weight, adaptive
        self.embeddings = nn.Linear(in_channels, num_embeddings * embedding_dims)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(num_embeddings * embedding_dims, num_classes)
        # Recent pairs of true and predicted class, oldest first; -1 before the first.
        self.register_buffer('recent', torch.full((window, 2), -1))

    def embed(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Embeddings (N, E, D), each of length 1, of features (N, C)."""
        return F.normalize(self.embeddings(feats[-1]).unflatten(1, (self.num_embeddings, -1)), dim=2)

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """All embeddings in a row, (N, E * D)."""
        return self.embed(feats).flatten(1)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Logits (N, K)."""
        return self.fc(self.dropout(self.pre_logits(feats)))

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample], **kwargs) -> dict[str, Tensor]:
        """Compute the losses of features (N, C) and hard labels.

        Returns:
            ``loss``, and ``loss_fd``, ``loss_md`` and ``loss_ed`` where their weights are not 0. The terms are computed
            in float32 even under autocast.
        """
        embeddings = self.embed(feats)
        logits = self.fc(self.dropout(embeddings.flatten(1)))
        losses = self._get_loss(logits, data_samples, **kwargs)
        labels = torch.cat([sample.gt_label for sample in data_samples])
        with torch.autocast(embeddings.device.type, enabled=False):
            losses.update(self._correlation_losses(embeddings.transpose(0, 1), labels))
        if self.adaptive and self.training:
            self._remember(labels, logits.argmax(1))
        return losses

    def _correlation_losses(self, embeddings: Tensor, labels: Tensor) -> dict[str, Tensor]:
        embeddings = embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))
        losses = {}
        if self.fd_weight:
            weights = pair_weights(labels, self.confusion().to(embeddings)) if self.adaptive else 1.0
            losses['loss_fd'] = self.fd_weight * feature_discrimination(embeddings, labels, weights)
        if self.md_weight:
            losses['loss_md'] = self.md_weight * mean_discrimination(embeddings, labels, self.num_classes)
        if self.ed_weight:
            losses['loss_ed'] = self.ed_weight * embedding_diversity(embeddings)
        return losses

    def confusion(self) -> Tensor:
        """Counts (K, K) of the recent training predictions, in rows of true classes."""
        true, predicted = self.recent[self.recent[:, 0] >= 0].T
        counts = torch.bincount(true * self.num_classes + predicted, minlength=self.num_classes ** 2)
        return counts.view(self.num_classes, self.num_classes)

    def _remember(self, labels: Tensor, predicted: Tensor) -> None:
        # Of all processes, because SyncBuffersHook averages buffers over them: equal ones stay as they are.
        seen = torch.cat([self.recent, *all_gather(torch.stack([labels, predicted], 1))])
        self.recent.copy_(seen[len(seen) - len(self.recent):])
