"""Variance of self-attention weights, EmoNeXt's regulariser.

El Boudouri & Bohi, MMSP 2023, section III-C: the features attend to themselves, and the loss gains
``mean((W - mean(W))^2)`` of the attention weights W, which asks for attention spread evenly. The attended
values are not used, so there is no value projection (the released code computes one and drops it).

Every row of W is a softmax over M entries and sums to 1, so ``mean(W)`` is exactly 1/M: no pass over W is
needed for it. The deviation W - 1/M is squared as it stands rather than expanded to ``mean(W^2) - 1/M^2``,
because W differs from 1/M by about 1 % at the start and the difference of two such means cancels.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

# Entries of W held at a time, in all samples together; four such arrays are alive. On a CPU 1 MB in float32,
# which stays in the cache (3x as fast as 16 MB); elsewhere 32 MB, so that launches do not dominate.
CHUNK = 2**18
ACCELERATOR_CHUNK = 2**23


class _ElementVariance(Function):
    """Mean of (softmax_j(q_i k_j / sqrt(C)) - 1/C)^2 over samples, rows i and columns j.

    The result is a scalar, so its gradient is known up to a factor as soon as a chunk of W is: it is
    computed in the same pass and W is never kept. With D = W - 1/C and r_i = sum_j D_ij^2,
    dL/dscore_ij = 2 W_ij (D_ij - r_i) / (N C^2).
    """

    @staticmethod
    def forward(ctx, query: Tensor, key: Tensor) -> Tensor:
        samples, channels = query.shape
        query = query / channels**0.5
        total = query.new_zeros(())
        grad_query, grad_key = torch.zeros_like(query), torch.zeros_like(key)
        chunk = CHUNK if query.device.type == 'cpu' else ACCELERATOR_CHUNK
        rows = min(channels, max(1, chunk // channels))
        group = max(1, chunk // (rows * channels))
        for sample in range(0, samples, group):
            k = key[sample:sample + group]
            for row in range(0, channels, rows):
                place = slice(sample, sample + group), slice(row, row + rows)
                q = query[place]
                weights = (q[:, :, None] * k[:, None, :]).softmax(-1)
                deviation = weights - 1 / channels
                row_sums = deviation.square().sum(-1, keepdim=True)
                total += row_sums.sum()
                grad_scores = weights.mul_(deviation.sub_(row_sums))
                grad_query[place] = (grad_scores @ k[:, :, None]).squeeze(-1)
                grad_key[sample:sample + group] += (q[:, None, :] @ grad_scores).squeeze(1)
        entries = samples * channels**2
        ctx.save_for_backward(grad_query.mul_(2 / entries / channels**0.5), grad_key.mul_(2 / entries))
        return total / entries

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, Tensor]:
        grad_query, grad_key = ctx.saved_tensors
        return grad_output * grad_query, grad_output * grad_key


def element_attention_variance(query: Tensor, key: Tensor) -> Tensor:
    """Variance of attention over the elements of each feature vector (the paper's text).

    Per sample, W = softmax_j(q_i k_j / sqrt(C)), (C, C). Holds a chunk of W at a time, not all
    N * C * C entries. First derivatives only. Computed in float32 at least.

    Args:
        query, key: (N, C).

    Returns:
        Scalar, between 0 and (C - 1) / C^2.
    """
    with torch.autocast(query.device.type, enabled=False):
        dtype = torch.promote_types(query.dtype, torch.float32)
        return _ElementVariance.apply(query.to(dtype), key.to(dtype))


def batch_attention_variance(query: Tensor, key: Tensor) -> Tensor:
    """Variance of attention over the samples of the batch (the released code).

    W = softmax_j(q_i . k_j / C**0.25), (N, N). It depends on the batch size and is 0 for a batch of one.

    Args:
        query, key: (N, C).

    Returns:
        Scalar, between 0 and (N - 1) / N^2, in float32 at least.
    """
    with torch.autocast(query.device.type, enabled=False):
        dtype = torch.promote_types(query.dtype, torch.float32)
        scores = query.to(dtype) @ key.to(dtype).T / query.shape[1]**0.25
        return (scores.softmax(-1) - 1 / len(query)).square().mean()


class ElementAttentionVariance(nn.Module):
    """Project features (N, C) to query and key; :func:`element_attention_variance` of them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        return element_attention_variance(self.query(features), self.key(features))


class BatchAttentionVariance(nn.Module):
    """LayerNorm and project features (N, C); :func:`batch_attention_variance` of the result."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        features = self.norm(features)
        return batch_attention_variance(self.query(features), self.key(features))
