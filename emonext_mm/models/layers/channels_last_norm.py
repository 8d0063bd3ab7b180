"""LayerNorm over the channels of images, with output in the channels_last memory format.

Liu et al., "A ConvNet for the 2020s", CVPR 2022. MMPretrain's ``LN2d`` computes the same values, but copies the result
to the contiguous format, and the next convolution copies it back. This layer avoids both copies.
"""
from __future__ import annotations

from torch import Tensor, nn


class ChannelsLastNorm(nn.LayerNorm):
    """LayerNorm over the channels at each pixel; arguments and keys as in MMPretrain's ``LN2d``."""

    def forward(self, x: Tensor, data_format: str = 'channel_first') -> Tensor:
        """Normalise a tensor over its channels.

        Args:
            x: (N, C, H, W), or (N, H, W, C) with ``data_format='channel_last'``.
            data_format: 'channel_first' or 'channel_last'.

        Returns:
            Tensor of the shape of ``x``. For (N, C, H, W) its memory format is channels_last.

        Raises:
            ValueError: unknown ``data_format``.
        """
        if data_format == 'channel_last':
            # Under autocast on a CPU, bfloat16 input takes up to three times as long as float32.
            slow = x.device.type == 'cpu' and self.weight is not None
            return super().forward(x.to(self.weight.dtype) if slow else x)
        if data_format == 'channel_first':
            return self.forward(x.permute(0, 2, 3, 1), 'channel_last').permute(0, 3, 1, 2)
        raise ValueError(f"data_format must be 'channel_first' or 'channel_last', got {data_format!r}")
