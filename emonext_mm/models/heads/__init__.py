"""Classification heads."""
from emonext_mm.models.heads.sa_head import SARegClsHead

__all__ = ['SARegClsHead']
