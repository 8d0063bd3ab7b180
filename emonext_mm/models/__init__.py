"""Model components, registered in MMPretrain's ``MODELS``."""
from emonext_mm.models.backbones import (
    DeepEmotion,
    EmoNeXt,
    FERInception,
    GoogLeNet,
    LHCNet,
    MaskedVGG,
    ResMaskingNet,
)
from emonext_mm.models.heads import AdCorreClsHead, AuxClsHead, SARegClsHead
from emonext_mm.models.losses import LabelSmoothingCrossEntropy
from emonext_mm.models.necks import FlattenNeck
from emonext_mm.models.preprocessors import AffineView, STNDataPreprocessor
from emonext_mm.models.tta import AverageLogitTTA, AverageProbabilityTTA
from emonext_mm.models.weights import convnext, timm_backbone, vggface2  # they register timm://, vggface2:// and others

__all__ = [
    'AdCorreClsHead',
    'AffineView',
    'AuxClsHead',
    'AverageLogitTTA',
    'AverageProbabilityTTA',
    'DeepEmotion',
    'EmoNeXt',
    'FERInception',
    'FlattenNeck',
    'GoogLeNet',
    'LHCNet',
    'LabelSmoothingCrossEntropy',
    'MaskedVGG',
    'ResMaskingNet',
    'SARegClsHead',
    'STNDataPreprocessor',
    'convnext',
    'timm_backbone',
    'vggface2',
]
