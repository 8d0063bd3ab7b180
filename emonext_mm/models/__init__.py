from . import pretrained  # registers timm://
from .emonext import EmoNeXt
from .sa_head import SARegClsHead
from .stn_preprocessor import STNDataPreprocessor

__all__ = ['EmoNeXt', 'SARegClsHead', 'STNDataPreprocessor', 'pretrained']
