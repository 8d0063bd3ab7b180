"""LHC-Net and LHC-NetC: a ResNet v2 with local multi-head channel attention.

Pecoraro, Basile & Bono, "Local Multi-Head Channel Self-Attention for Facial Expression Recognition", Information 13(9)
419, 2022; reference code ``Lib/LHC_Net.py`` and ``Lib/LHC_Net_Controller.py`` of ``Bodhis4ttva/LHC_Net``; the ResNet is
that of ``classification_models`` (``qubvel``), pre-activation after He et al., "Identity Mappings in Deep Residual
Networks", ECCV 2016. Deviation: none known but the first values of the attention's layers.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmpretrain.models.backbones.base_backbone import BaseBackbone
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from emonext_mm.models.layers.channel_attention import LocalChannelAttention


class PreActivationUnit(BaseModule):
    """Residual unit of ResNet v2: norm and activation stand before the convolutions.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: of the first convolution.
        projects: whether the shortcut is a 1x1 convolution of the activated input; otherwise it is the input.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, projects: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = _norm(in_channels), _norm(out_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False) if projects else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H / stride, W / stride)."""
        active = F.relu(self.norm1(x))
        shortcut = x if self.shortcut is None else self.shortcut(active)
        return self.conv2(F.relu(self.norm2(self.conv1(active)))) + shortcut


@MODELS.register_module()
class LHCNet(BaseBackbone):
    """ResNet v2 whose maps x become x + A(x) after the stem and after each stage, with A the channel attention.

    With ``gates``, LHC-NetC, they become x + (1 + tanh(w)) A(x), with a number w for each attention. To train the gates
    alone, as LHC-NetC does, freeze everything else and set ``norm_eval``.

    The images (N, 3, H, W) hold values from 0 to 255: the first norm standardises them. The output is the map of the
    last stage after its norm and activation, (N, channels[-1], H / 32, W / 32).

    Args:
        attention: heads and length of queries of each attention: one for the stem and one for each stage; None for a
            place without attention.
        gates: first values of the gates, or None for LHC-Net. The authors' are (0, 0, 0, -1, -0.5).
        size: height and width of the images, to which the layers of the attention are bound.
        channels: of the stages; the stem has as many as the first.
        units: of the stages.
        norm_eval: keep the running statistics of the norms during training.
        init_cfg: as in MMEngine.

    Raises:
        ValueError: numbers of stages, attentions or gates that do not fit each other, or images of another size.
    """

    def __init__(
        self,
        attention: Sequence[tuple[int, int] | None] = ((8, 196), (8, 196), (7, 56), (7, 14), (1, 25)),
        gates: Sequence[float] | None = None,
        size: int = 224,
        channels: Sequence[int] = (64, 128, 256, 512),
        units: Sequence[int] = (3, 4, 6, 3),
        norm_eval: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        places = len(channels) + 1
        if not len(units) + 1 == len(attention) == places or (gates is not None and len(gates) != places):
            raise ValueError(f'{len(channels)} channels, {len(units)} units, {len(attention)} attentions and '
                             f'{"no" if gates is None else len(gates)} gates: expected one attention and gate more')
        self.norm_eval = norm_eval
        self.norm0 = _norm(3)
        self.norm0.weight.requires_grad = False  # it has no scale
        self.conv0, self.norm1 = nn.Conv2d(3, channels[0], 7, 2, 3, bias=False), _norm(channels[0])
        widths = [channels[0], *channels]
        self.stages = nn.ModuleList(_stage(*widths[i:i + 2], 1 if i == 0 else 2, units[i]) for i in range(len(units)))
        self.norm2 = _norm(channels[-1])
        sizes = [size // 4, *(size // 2 ** (i + 2) for i in range(len(channels)))]
        self.attention = nn.ModuleDict({str(i): LocalChannelAttention(widths[i], sizes[i], *options)
                                        for i, options in enumerate(attention) if options is not None})
        self.gates = None if gates is None else nn.Parameter(torch.tensor(gates, dtype=torch.float32))

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Map of the last stage of images (N, 3, H, W), 0 to 255."""
        x = F.max_pool2d(F.relu(self.norm1(self.conv0(self.norm0(x)))), 3, 2, 1)
        x = self._attend(x, 0)
        for i, stage in enumerate(self.stages, 1):
            x = self._attend(stage(x), i)
        return (F.relu(self.norm2(x)), )

    def _attend(self, x: Tensor, place: int) -> Tensor:
        if str(place) not in self.attention:
            return x
        found = self.attention[str(place)](x)
        return x + (found if self.gates is None else (1 + self.gates[place].tanh()) * found)

    def train(self, mode: bool = True) -> LHCNet:
        """Set the mode; with ``norm_eval`` the norms stay in that of evaluation."""
        super().train(mode)
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=2e-5, momentum=0.01)  # Keras's momentum of 0.99


def _stage(in_channels: int, out_channels: int, stride: int, units: int) -> nn.Sequential:
    return nn.Sequential(PreActivationUnit(in_channels, out_channels, stride, True),
                         *(PreActivationUnit(out_channels, out_channels, 1, False) for _ in range(units - 1)))
