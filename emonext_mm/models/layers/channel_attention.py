"""Local multi-head channel attention.

Pecoraro, Basile & Bono, "Local Multi-Head Channel Self-Attention for Facial Expression Recognition", Information 13(9)
419, 2022, section 3; reference code ``Lib/LHC_Net.py`` of ``Bodhis4ttva/LHC_Net``. Deviation: the layers start as
PyTorch's do, not as Keras's.
"""
from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class LocalChannelAttention(nn.Module):
    """Self-attention in which the channels of a map attend to each other.

    Each channel is a vector of the pixels of its map, in row order, which is cut into equal parts, the heads. Queries
    are of the average-pooled map, keys of the max-pooled map, both through the same linear layer of their head; values
    are of a 3x3 convolution of the map, average-pooled. With q_i and k_j of channels i and j, E their length, and
    S_ij = q_i . k_j, the weights are softmax_j(S_ij / E ** (scale + p_i)), where p_i = sigmoid(W mean_j(S_ij) + b)
    depends on the scores of all channels.

    Args:
        channels: channels C of the map.
        size: height and width of the map.
        heads: number of parts.
        head_dims: length E of queries and keys.
        scale: least exponent of E.

    Raises:
        ValueError: ``size * size`` is no multiple of ``heads``; or, in ``forward``, the map has another size.
    """

    def __init__(self, channels: int, size: int, heads: int, head_dims: int, scale: float = 1.0) -> None:
        super().__init__()
        if size * size % heads:
            raise ValueError(f'the {size * size} pixels of a map of {size} x {size} cannot be cut into {heads} heads')
        self.size, self.heads, self.head_dims, self.scale = size, heads, head_dims, scale
        # A linear layer of its own for each head: the pixels are the channels of this convolution.
        self.project = nn.Conv1d(size * size, heads * head_dims, 1, groups=heads)
        self.value = nn.Conv2d(channels, channels, 3, padding=1)
        self.exponent = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Attention (N, C, size, size) over a map (N, C, size, size); the caller adds it to the map."""
        if x.shape[2:] != (self.size, self.size):
            raise ValueError(f'a map of {x.shape[2]} x {x.shape[3]}, expected {self.size} x {self.size}')
        query, key = self._project(_average(x)), self._project(F.max_pool2d(x, 3, 1, 1))
        value = _average(self.value(x)).flatten(2).unflatten(2, (self.heads, -1)).transpose(1, 2)
        scores = query @ key.transpose(2, 3)  # (N, heads, C, C)
        exponent = self.scale + self.exponent(scores.mean(3)).sigmoid()
        weights = (scores / (self.head_dims ** exponent).unsqueeze(3)).softmax(3)
        return (weights @ value).transpose(1, 2).reshape(x.shape)

    def _project(self, x: Tensor) -> Tensor:
        """Queries or keys (N, heads, C, head_dims) of a map (N, C, size, size)."""
        return self.project(x.flatten(2).transpose(1, 2)).unflatten(1, (self.heads, -1)).transpose(2, 3)


def _average(x: Tensor) -> Tensor:
    """Averages over 3x3 pixels, of those inside the map."""
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
