"""Backbones."""
from emonext_mm.models.backbones.emonext import EmoNeXt

__all__ = ['EmoNeXt']
