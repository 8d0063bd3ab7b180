"""Backbones."""
from emonext_mm.models.backbones.deep_emotion import DeepEmotion
from emonext_mm.models.backbones.emonext import EmoNeXt
from emonext_mm.models.backbones.fer_inception import FERInception
from emonext_mm.models.backbones.googlenet import GoogLeNet
from emonext_mm.models.backbones.lhc_net import LHCNet
from emonext_mm.models.backbones.masked_vgg import MaskedVGG
from emonext_mm.models.backbones.res_masking import ResMaskingNet

__all__ = ['DeepEmotion', 'EmoNeXt', 'FERInception', 'GoogLeNet', 'LHCNet', 'MaskedVGG', 'ResMaskingNet']
