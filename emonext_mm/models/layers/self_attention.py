"""Variance of self-attention weights, EmoNeXt's regulariser (L_SA).

El Boudouri & Bohi, MMSP 2023, section III-C: ``mean((W - mean(W))^2)`` of the attention weights W is added to the loss,
which favours uniform attention. The attended values are not used, so there is no value projection (the authors' code
computes one and does not use it).

Every row of W is a softmax over M entries and sums to 1, so ``mean(W)`` is exactly 1/M. The sum of ``(W - 1/M)^2`` is
not expanded to ``mean(W^2) - 1/M^2``: at the start of training W differs from 1/M by about 1 %, and the subtraction of
two nearly equal numbers would lose precision.

With element attention, row i of W depends on a single number, t_i = q_i / sqrt(C). The sums of exp(t_i k_j) and
exp(2 t_i k_j) over j are power series in t_i whose coefficients, the moments of the keys, are common to all rows. So
L_SA costs O(C) instead of O(C^2) while the series converges fast (ours; see :func:`_series`).
"""
from __future__ import annotations

from itertools import accumulate, repeat
from operator import mul

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

# Entries of W computed at a time; four arrays of this size exist at once. On a CPU: 1 MB in float32, which fits in the
# cache (three times as fast as 16 MB). On other devices: 32 MB, so that few kernels are launched.
CHUNK = 2**18
ACCELERATOR_CHUNK = 2**23

# Terms of the power series by the largest |2 t_i k_j|: relative error below 1e-10 in float64.
TERMS = {1.0: 12, 4.0: 24}


class _ElementVariance(Function):
    """Mean of (softmax_j(q_i k_j / sqrt(C)) - 1/C)^2 over samples, rows i and columns j.

    The forward pass also computes the gradients, chunk by chunk, so W is never stored. With D = W - 1/C and
    r_i = sum_j D_ij^2, dL/dscore_ij = 2 W_ij (D_ij - r_i) / (N C^2).
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
                index = slice(sample, sample + group), slice(row, row + rows)
                q = query[index]
                weights = (q[:, :, None] * k[:, None, :]).softmax(-1)
                deviation = weights - 1 / channels
                row_sums = deviation.square().sum(-1, keepdim=True)
                total += row_sums.sum()
                grad_scores = weights.mul_(deviation.sub_(row_sums))
                grad_query[index] = (grad_scores @ k[:, :, None]).squeeze(-1)
                grad_key[sample:sample + group] += (q[:, None, :] @ grad_scores).squeeze(1)
        entries = samples * channels**2
        ctx.save_for_backward(grad_query.mul_(2 / entries / channels**0.5), grad_key.mul_(2 / entries))
        return total / entries

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, Tensor]:
        grad_query, grad_key = ctx.saved_tensors
        return grad_output * grad_query, grad_output * grad_key


def _rescale(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """Return t and k, (N, C) each, with the W of query and key: k has mean 0 and a largest value of 1 in each sample.

    A softmax is invariant to a shift of the keys. With the scale in t alone, high powers of k cannot overflow.
    """
    key = key - key.mean(1, keepdim=True)
    scale = key.detach().abs().amax(1, keepdim=True).clamp_min(torch.finfo(key.dtype).tiny)
    return query * (scale / query.shape[1]**0.5), key / scale


def _series(t: Tensor, k: Tensor, terms: int) -> Tensor:
    """The same mean by power series: C times the sum of W_ij^2 over j, minus 1, is expm1(log S(2 t_i) - 2 log S(t_i)).

    S(t) = mean_j(exp(t k_j)) = 1 + sum over n >= 2 of t^n mean_j(k_j^n) / n! for keys of mean 0. Nothing cancels, so
    float32 keeps its precision.
    """
    powers, moments = (torch.stack(list(accumulate(repeat(x, terms + 1), mul))[1:], 1) for x in (t, k))
    orders = torch.arange(2, terms + 2, device=k.device, dtype=torch.float64)
    factors = torch.stack([orders**0, 2**orders]) / (orders + 1).lgamma().exp()
    coefficients = moments.mean(2)[:, None] * factors.to(k.dtype)  # (N, 2, terms)
    once, twice = (coefficients @ powers).log1p().unbind(1)  # log S(t), log S(2 t), each (N, C)
    return (twice - 2 * once).expm1().mean() / t.shape[1]**2


def element_attention_variance(query: Tensor, key: Tensor) -> Tensor:
    """Variance of attention between the elements of each feature vector (paper).

    Per sample, W = softmax_j(q_i k_j / sqrt(C)), (C, C). Computed in float32 or float64: on a CPU by power series where
    all q_i k_j are small, as in a training; else exactly, chunk by chunk and without second derivatives. Other devices
    always compute it exactly, because reading the largest product would stall the CPU.

    Args:
        query, key: (N, C).

    Returns:
        Scalar between 0 and (C - 1) / C^2.
    """
    with torch.autocast(query.device.type, enabled=False):
        dtype = torch.promote_types(query.dtype, torch.float32)
        query, key = query.to(dtype), key.to(dtype)
        if query.device.type == 'cpu' and TERMS:
            t, k = _rescale(query, key)
            largest = 2 * float(t.detach().abs().max())
            for bound, terms in TERMS.items():
                if largest <= bound:
                    return _series(t, k, terms)
        return _ElementVariance.apply(query, key)


def batch_attention_variance(query: Tensor, key: Tensor) -> Tensor:
    """Variance of attention between the samples of a batch (authors' code).

    W = softmax_j(q_i . k_j / C**0.25), (N, N). The result depends on the batch size and is 0 for one sample.

    Args:
        query, key: (N, C).

    Returns:
        Scalar between 0 and (N - 1) / N^2, in float32 or float64.
    """
    with torch.autocast(query.device.type, enabled=False):
        dtype = torch.promote_types(query.dtype, torch.float32)
        scores = query.to(dtype) @ key.to(dtype).T / query.shape[1]**0.25
        return (scores.softmax(-1) - 1 / query.shape[0]).square().mean()


class ElementAttentionVariance(nn.Module):
    """:func:`element_attention_variance` of linear projections of features (N, C).

    Args:
        channels: number of feature channels C.
        normalize: multiply by C^2 (ours). The result, the squared coefficient of variation of W, has the same meaning
            at every width, while the paper's value is so small that a weight of 1 has no effect: 5e-10 at the start of
            a training with 320 channels, beside a cross entropy of about 1.
    """

    def __init__(self, channels: int, normalize: bool = False) -> None:
        super().__init__()
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.scale = channels**2 if normalize else 1

    def forward(self, features: Tensor) -> Tensor:
        return self.scale * element_attention_variance(self.query(features), self.key(features))


class BatchAttentionVariance(nn.Module):
    """:func:`batch_attention_variance` of linear projections of layer-normalised features (N, C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        features = self.norm(features)
        return batch_attention_variance(self.query(features), self.key(features))
