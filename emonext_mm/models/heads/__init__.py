"""Classification heads."""
from emonext_mm.models.heads.ad_corre_head import AdCorreClsHead
from emonext_mm.models.heads.aux_head import AuxClsHead
from emonext_mm.models.heads.sa_head import SARegClsHead

__all__ = ['AdCorreClsHead', 'AuxClsHead', 'SARegClsHead']
