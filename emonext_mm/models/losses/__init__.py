"""Losses."""
from emonext_mm.models.losses.label_smoothing import LabelSmoothingCrossEntropy

__all__ = ['LabelSmoothingCrossEntropy']
