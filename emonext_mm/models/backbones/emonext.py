"""EmoNeXt backbone: ConvNeXt with Squeeze-and-Excitation (SE).

El Boudouri & Bohi, MMSP 2023, section III-B; Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018.

Deviations from the paper: none known. MMPretrain's ``SELayer`` rounds the squeezed width up to a multiple of 8; here it
is exactly C / 16, as in the authors' code. For speed the network runs in the channels_last memory format: the norms and
the depthwise convolutions are replaced by equivalent layers with the same parameters (see
:mod:`~emonext_mm.models.layers.channels_last_norm` and :mod:`~emonext_mm.models.layers.depthwise`).
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
from emonext_mm.models.layers.patch_conv import PatchConv2d
from emonext_mm.models.weights.convnext import check_backbone

MODELS.register_module(module=ChannelsLastNorm)


@MODELS.register_module()
class EmoNeXt(ConvNeXt):
    """ConvNeXt with SE layers between its stages.

    The SE layers are stored outside the stages (``se_after``, ``se_before``), so the keys of a plain ConvNeXt do not
    change: its weights load with only SE keys missing. Loading fails on any other mismatch, also with ``strict=False``.

    Args:
        arch: size of MMPretrain's ``ConvNeXt`` (``'atto'`` to ``'xlarge'``), or a dict of ``depths`` and ``channels``.
        se_after: indices of the stages with SE on their output. Paper: all four.
        se_before: indices of the stages with SE on their input, after the downsampling. Authors' code: (1, 2, 3), with
            ``se_after=()``.
        se_bias: whether the linear maps of the SE layers have a bias. Authors' code: False.
        stem_kernel_size: kernel size of the stem's convolution, of stride ``stem_patch_size``; a larger kernel overlaps
            (ours, for small images); at stride 1 it is odd. None for ``stem_patch_size``, as in ConvNeXt.
        out_indices, frozen_stages, norm_cfg: as in ``ConvNeXt``. A frozen stage includes its SE layers.
        **kwargs: as in ``ConvNeXt``.

    Raises:
        ValueError: ``se_after`` or ``se_before`` names a stage that does not exist; the stem's kernel does not fit its
            stride; or, when a state dict is loaded, keys other than SE keys are missing, keys are unexpected, or
            shapes differ.
    """

    def __init__(
        self,
        arch: str | dict = 'tiny',
        se_after: Sequence[int] = (0, 1, 2, 3),
        se_before: Sequence[int] = (),
        se_bias: bool = True,
        stem_kernel_size: int | None = None,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        norm_cfg: dict = dict(type='ChannelsLastNorm', eps=1e-6),  # noqa: B006
        **kwargs,
    ) -> None:
        # ConvNeXt changes the sequence that it is given, and would freeze stages before the SE layers exist.
        out_indices = out_indices if isinstance(out_indices, int) else list(out_indices)
        super().__init__(arch, out_indices=out_indices, frozen_stages=0, norm_cfg=norm_cfg, **kwargs)
        if stem_kernel_size:
            self._overlap_stem(stem_kernel_size)
        for module in chain(self.downsample_layers, *self.stages):
            for name, child in module.named_children():
                if isinstance(child, nn.Conv2d):
                    setattr(module, name, _to_fast(child))
        self.se_after = self._build_se(se_after, se_bias)
        self.se_before = self._build_se(se_before, se_bias)
        self.frozen_stages = frozen_stages
        self._freeze_stages()
        # MMEngine's loader only logs mismatches; training would then start from random weights.
        self.register_load_state_dict_pre_hook(check_backbone)
        # The blocks permute to (N, H, W, C), which copies nothing in this memory format.
        self.to(memory_format=torch.channels_last)

    def _overlap_stem(self, kernel_size: int) -> None:
        stem = self.downsample_layers[0]
        stride = stem[0].stride[0]
        if kernel_size < stride:
            raise ValueError(f'stem_kernel_size {kernel_size} is below the stride {stride}')
        if stride == 1 and kernel_size % 2 == 0:
            raise ValueError(f'stem_kernel_size {kernel_size} is even at stride 1, which would enlarge the map')
        padding = (kernel_size - stride + 1) // 2
        stem[0] = nn.Conv2d(stem[0].in_channels, stem[0].out_channels, kernel_size, stride, padding)

    def _build_se(self, stages: Sequence[int], bias: bool) -> nn.ModuleDict:
        layers = nn.ModuleDict()
        for stage in stages:
            if not 0 <= stage < self.num_stages:
                raise ValueError(f'SE stage must be in 0..{self.num_stages - 1}, got {stage}')
            channels = self.channels[stage]
            layer = SELayer(channels, squeeze_channels=max(1, channels // 16), bias=bias)
            # Small weights give every channel a gate near 1/2. The next LayerNorm cancels this common factor, so
            # pretrained features are kept. `is_init` stops MMEngine from drawing larger weights later.
            for conv in (layer.conv1.conv, layer.conv2.conv):
                nn.init.trunc_normal_(conv.weight, std=0.02)
                if bias:
                    nn.init.zeros_(conv.bias)
            layer.is_init = True
            layers[str(stage)] = layer
        return layers

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the features of images (N, C, H, W).

        Returns:
            One tensor per index in ``out_indices``: ``norm(GAP(x))`` (N, channels), or ``norm(x)``
            (N, channels, h, w) if ``gap_before_final_norm`` is False.
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
        """Set the mode and return the module, which ``ConvNeXt.train`` does not."""
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

        An SE layer has the depth of the layer before it: a downsampling, or the last block of a stage.
        """
        group, _, rest = param_name[len(prefix):].partition('.')
        stage = rest.split('.')[0]
        if param_name.startswith(prefix) and group == 'se_before':
            param_name = f'{prefix}downsample_layers.{stage}'
        elif param_name.startswith(prefix) and group == 'se_after':
            param_name = f'{prefix}stages.{stage}.{self.depths[int(stage)] - 1}'
        return super().get_layer_depth(param_name, prefix)


def _to_fast(conv: nn.Conv2d) -> nn.Conv2d:
    """An equivalent convolution with fast gradients that shares the parameters of ``conv``; else ``conv`` itself."""
    k = conv.kernel_size[0]
    if conv.groups > 1:
        fast = DepthwiseConv2d(conv.in_channels, k, device='meta')  # no weights are drawn
    elif conv.stride == conv.kernel_size:
        fast = PatchConv2d(conv.in_channels, conv.out_channels, k, device='meta')
    else:
        return conv  # an overlapping stem
    fast.weight, fast.bias = conv.weight, conv.bias
    return fast
