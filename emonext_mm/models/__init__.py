"""Model components, registered in MMPretrain's ``MODELS``."""
from emonext_mm.models.backbones import EmoNeXt
from emonext_mm.models.heads import SARegClsHead
from emonext_mm.models.losses import LabelSmoothingCrossEntropy
from emonext_mm.models.preprocessors import AffineView, STNDataPreprocessor
from emonext_mm.models.tta import AverageLogitTTA, AverageProbabilityTTA
from emonext_mm.models.weights import convnext  # registers timm://, facebook:// and mmpretrain://

__all__ = [
    'AffineView',
    'AverageLogitTTA',
    'AverageProbabilityTTA',
    'EmoNeXt',
    'LabelSmoothingCrossEntropy',
    'SARegClsHead',
    'STNDataPreprocessor',
    'convnext',
]
