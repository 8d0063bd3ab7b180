"""Necks."""
from emonext_mm.models.necks.flatten import FlattenNeck

__all__ = ['FlattenNeck']
