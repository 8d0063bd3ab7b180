"""Data preprocessors and their random views."""
from emonext_mm.models.preprocessors.affine_view import AffineView
from emonext_mm.models.preprocessors.photometry import RandomPhotometry
from emonext_mm.models.preprocessors.stn import STNDataPreprocessor

__all__ = ['AffineView', 'RandomPhotometry', 'STNDataPreprocessor']
