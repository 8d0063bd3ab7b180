from . import pretrained  # registers timm://
from .emonext import EmoNeXt
from .sa_head import SARegClsHead
from .stn_preprocessor import STNDataPreprocessor
from .tta import AverageLogitTTA, AverageProbabilityTTA

__all__ = [
    'AverageLogitTTA',
    'AverageProbabilityTTA',
    'EmoNeXt',
    'SARegClsHead',
    'STNDataPreprocessor',
    'pretrained',
]
