"""Correlation terms of Ad-Corre: losses on the Pearson correlation of embeddings.

Fard & Mahoor, "Ad-Corre: Adaptive Correlation-Based Loss for Facial Expression Recognition in the Wild", IEEE Access
10, 26756, 2022; formulas from the authors' code (``custom_loss.py`` of ``aliprf/Ad-Corre``). Deviations: the code
computes the terms in NumPy, so that no gradient reaches the network, while these are differentiable; the correlation of
a constant vector is 0, where the code divides by 0.

Shapes: embeddings (E, N, D), E of them for each of N samples; labels (N,) int64.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def pearson(rows: Tensor, eps: float = 1e-12) -> Tensor:
    """Pearson correlation (..., N, N) of all pairs of rows (..., N, D); 0 for a constant row."""
    rows = F.normalize(rows - rows.mean(-1, keepdim=True), dim=-1, eps=eps)
    return rows @ rows.mT


def feature_discrimination(embeddings: Tensor, labels: Tensor, weights: Tensor | float = 1.0) -> Tensor:
    """FD: mean distance of the correlation of two samples from 1 (one class) or -1 (two classes).

    Args:
        embeddings: (E, N, D).
        labels: (N,).
        weights: (N, N) of the pairs, see :func:`pair_weights`.
    """
    target = torch.where(labels[:, None] == labels, 1.0, -1.0).to(embeddings.dtype)
    return (weights * (target - pearson(embeddings)).abs()).mean()


def pair_weights(labels: Tensor, confusion: Tensor) -> Tensor:
    """Weights (N, N) of pairs: 1 plus the error rates of both classes; 0 for a sample with itself.

    Args:
        labels: (N,).
        confusion: (K, K), counts or shares of predictions in rows of true classes. A class without samples has the
            error rate 0 (ours).
    """
    total = confusion.sum(1)
    error = torch.where(total > 0, 1 - confusion.diagonal() / total.clamp(min=1e-12), 0)[labels]
    return (1 + error[:, None] + error).fill_diagonal_(0)


def embedding_diversity(embeddings: Tensor) -> Tensor:
    """ED: mean of 1 plus the correlation of two embeddings of one sample, 0 for an embedding with itself."""
    return _mean_off_diagonal(1 + pearson(embeddings.transpose(0, 1)))


def mean_discrimination(embeddings: Tensor, labels: Tensor, num_classes: int, eps: float = 1e-7) -> Tensor:
    """MD: mean of 1 plus the correlation of the means of two classes in the batch, 0 for a class with itself.

    Args:
        embeddings: (E, N, D).
        labels: (N,).
        num_classes: number of classes K.
        eps: weight of a sample in the means of the other classes, so that a class without samples has the mean of the
            batch.
    """
    weights = F.one_hot(labels, num_classes).to(embeddings.dtype).clamp(min=eps)
    means = (weights / weights.sum(0)).mT @ embeddings
    return _mean_off_diagonal(1 + pearson(means))


def _mean_off_diagonal(pairs: Tensor) -> Tensor:
    """Mean of (..., K, K), with zeros in place of the diagonal."""
    return (pairs * (1 - torch.eye(pairs.shape[-1], dtype=pairs.dtype, device=pairs.device))).mean()
