from . import pretrained  # registers timm://
from .affine_view import AffineView
from .emonext import EmoNeXt
from .sa_head import SARegClsHead
from .stn_preprocessor import STNDataPreprocessor
from .tta import AverageLogitTTA, AverageProbabilityTTA

__all__ = [
    'AffineView',
    'AverageLogitTTA',
    'AverageProbabilityTTA',
    'EmoNeXt',
    'SARegClsHead',
    'STNDataPreprocessor',
    'pretrained',
]
