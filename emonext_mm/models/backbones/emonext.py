"""EmoNeXt's backbone: ConvNeXt with Squeeze-and-Excitation.

El Boudouri & Bohi, MMSP 2023, section III-B; Hu et al., "Squeeze-and-Excitation Networks", 2018.
Deviation from the paper: none known. Against the host's defaults: its ``SELayer`` rounds the squeezed width
up to a multiple of 8; here it is C / 16 exactly, as in the released code. The whole network works in channels_last,
for which the norm between its stages is replaced by one that does the same without a copy, and the depthwise
convolutions by ones whose weight gradient is faster on a CPU.
"""
from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import torch
from mmpretrain.models import ConvNeXt
from mmpretrain.models.utils import SELayer
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from emonext_mm.models.layers.channels_last_norm import ChannelsLastNorm
from emonext_mm.models.layers.depthwise import DepthwiseConv2d
from emonext_mm.models.weights.convnext import check_backbone

MODELS.register_module(module=ChannelsLastNorm)


@MODELS.register_module()
class EmoNeXt(ConvNeXt):
    """The host's ConvNeXt with SE layers between its stages.

    The SE layers live beside the stages, not in them, so that the keys of a plain ConvNeXt stay what they
    were: its weights load with only ``se_*`` keys missing. Any other mismatch is an error, whoever loads.

    Args:
        arch: a size of the host's ConvNeXt (``atto`` to ``xlarge``), or a dict of ``depths`` and ``channels``.
        se_after: stages whose output is gated. The paper has all four.
        se_before: stages whose input is gated, after the downsampling. The released code has (1, 2, 3) here
            and () in ``se_after``.
        se_bias: whether the SE layers' linear maps have a bias. The released code's have none.
        out_indices, frozen_stages, norm_cfg, **kwargs: those of ``ConvNeXt``. A frozen stage freezes its SE layers.

    Raises:
        ValueError: when a state dict that is loaded lacks more than SE keys, has keys that are not the
            backbone's, or has tensors of another shape.
    """

    def __init__(
        self,
        arch: str | dict = 'tiny',
        se_after: Sequence[int] = (0, 1, 2, 3),
        se_before: Sequence[int] = (),
        se_bias: bool = True,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        norm_cfg: dict = dict(type='ChannelsLastNorm', eps=1e-6),  # noqa: B006
        **kwargs,
    ) -> None:
        # The host writes resolved indices into the sequence it is given, and freezes before SE layers exist.
        out_indices = out_indices if isinstance(out_indices, int) else list(out_indices)
        super().__init__(arch, out_indices=out_indices, frozen_stages=0, norm_cfg=norm_cfg, **kwargs)
        for block in chain(*self.stages):
            block.depthwise_conv = _with_fast_gradient(block.depthwise_conv)
        self.se_after = self._build_se(se_after, se_bias)
        self.se_before = self._build_se(se_before, se_bias)
        self.frozen_stages = frozen_stages
        self._freeze_stages()
        # The host's loader only logs mismatches, and training then starts anew.
        self._register_load_state_dict_pre_hook(check_backbone, with_module=True)
        # The blocks work on (N, H, W, C): in this layout their permutations are free.
        self.to(memory_format=torch.channels_last)

    def _build_se(self, stages: Sequence[int], bias: bool) -> nn.ModuleDict:
        layers = nn.ModuleDict()
        for stage in stages:
            if not 0 <= stage < self.num_stages:
                raise ValueError(f'an SE layer is asked for at stage {stage}, there are {self.num_stages}')
            channels = self.channels[stage]
            layer = SELayer(channels, squeeze_channels=max(1, channels // 16), bias=bias)
            # Near 0, so the gates start near 1/2 for all channels alike, which the next LayerNorm takes out
            # again: pretrained features are not disturbed. The host would redo it with a wide Kaiming draw.
            for conv in (layer.conv1.conv, layer.conv2.conv):
                nn.init.trunc_normal_(conv.weight, std=0.02)
                if bias:
                    nn.init.zeros_(conv.bias)
            layer.is_init = True
            layers[str(stage)] = layer
        return layers

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Images (N, C, H, W) -> one tensor for each of ``out_indices``.

        ``norm(GAP(x))`` (N, channels), or ``norm(x)`` (N, channels, h, w) if ``gap_before_final_norm`` is off.
        """
        outs = []
        x = x.contiguous(memory_format=torch.channels_last)
        for i, (downsample, stage) in enumerate(zip(self.downsample_layers, self.stages)):
            x = downsample(x)
            if str(i) in self.se_before:
                x = self.se_before[str(i)](x)
            x = stage(x)
            if str(i) in self.se_after:
                x = self.se_after[str(i)](x)
            if i in self.out_indices:
                norm = getattr(self, f'norm{i}')
                if self.gap_before_final_norm:
                    outs.append(norm(x.mean([-2, -1], keepdim=True)).flatten(1))
                else:
                    outs.append(norm(x))
        return tuple(outs)

    def train(self, mode: bool = True) -> EmoNeXt:
        """As the host's, which forgets to return the module."""
        super().train(mode)
        return self

    def _freeze_stages(self) -> None:
        super()._freeze_stages()
        if self.frozen_stages:
            for stage, layer in chain(self.se_before.items(), self.se_after.items()):
                if int(stage) < self.frozen_stages:
                    layer.eval().requires_grad_(False)

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter for layer-wise learning-rate decay, and the number of depths.

        An SE layer has the depth of what it gates: the downsampling, or the last block of the stage.
        """
        place, _, rest = param_name[len(prefix):].partition('.')
        stage = rest.split('.')[0]
        if param_name.startswith(prefix) and place == 'se_before':
            param_name = f'{prefix}downsample_layers.{stage}'
        elif param_name.startswith(prefix) and place == 'se_after':
            param_name = f'{prefix}stages.{stage}.{self.depths[int(stage)] - 1}'
        return super().get_layer_depth(param_name, prefix)


def _with_fast_gradient(conv: nn.Conv2d) -> DepthwiseConv2d:
    """The same convolution with the same parameters."""
    fast = DepthwiseConv2d(conv.in_channels, *conv.kernel_size[:1], device='meta')  # draws nothing
    fast.weight, fast.bias = conv.weight, conv.bias
    return fast
