"""GoogLeNet with its two auxiliary classifiers, which the peer of Giannopoulos et al. is.

Szegedy et al., "Going Deeper with Convolutions", CVPR 2015; implementation of torchvision. Giannopoulos, Perikos &
Hatzilygeroudis, "Deep Learning Approaches for Facial Emotion Recognition: A Case Study on FER-2013", Springer SIST 85,
2018, publish neither code nor, openly, details. Deviations of torchvision from the paper: norms after the
convolutions, and 3x3 in place of 5x5 convolutions.
"""
from __future__ import annotations

import torchvision
from mmpretrain.models.backbones.base_backbone import BaseBackbone
from mmpretrain.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class GoogLeNet(torchvision.models.GoogLeNet, BaseBackbone):
    """torchvision's GoogLeNet, classifiers included, for a head such as ``AuxClsHead``.

    Its weights have torchvision's names, so ``torchvision://googlenet`` loads; the classifiers of 1,000 classes in it
    are left out. Those weights expect values in [-1, 1]: mean and standard deviation 127.5.

    Args:
        num_classes: number of classes.
        aux: whether there are auxiliary classifiers, after the modules 4a and 4d.
        dropout: before the last layer.
        init_cfg: as in MMEngine; by default a truncated normal distribution for the weights, std 0.01, as torchvision.
    """

    def __init__(
        self,
        num_classes: int = 7,
        aux: bool = True,
        dropout: float = 0.2,
        init_cfg: dict | None = dict(type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.01),  # noqa: B006
    ) -> None:
        super().__init__(num_classes, aux_logits=aux, init_weights=False, dropout=dropout)
        self.init_cfg = init_cfg  # torchvision's constructor does not hand it on

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Classify images (N, 3, H, W), for example of 224 px.

        Returns:
            Logits (N, num_classes): those of the auxiliary classifiers 1 and 2, then the main ones, in training; the
            main ones alone in evaluation.
        """
        outputs = super().forward(x)
        return (outputs, ) if isinstance(outputs, Tensor) else outputs[::-1]
