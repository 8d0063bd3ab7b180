"""LayerNorm over the channels of images, which leaves them in channels_last.

Liu et al., "A ConvNet for the 2020s", CVPR 2022. The host's ``LN2d`` computes the same, and then copies its result
into the other memory layout, from which the next convolution copies it back: between the stages of a ConvNeXt the
largest maps are written twice for nothing.
"""
from __future__ import annotations

from torch import Tensor, nn


class ChannelsLastNorm(nn.LayerNorm):
    """Normalise each place of images over its channels; keys and arguments are those of the host's ``LN2d``."""

    def forward(self, x: Tensor, data_format: str = 'channel_first') -> Tensor:
        """Images (N, C, H, W), or with ``data_format='channel_last'`` (N, H, W, C), to the same shape.

        Of (N, C, H, W) the result lies in memory as (N, H, W, C), whatever the layout of ``x``.

        Raises:
            ValueError: if ``data_format`` is another.
        """
        if data_format == 'channel_last':
            return super().forward(x)
        if data_format == 'channel_first':
            return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        raise ValueError(f"data_format must be 'channel_first' or 'channel_last', got {data_format!r}")
