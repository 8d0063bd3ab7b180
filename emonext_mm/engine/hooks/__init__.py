"""Hooks for training and test."""
from emonext_mm.engine.hooks.commit import CommitHook
from emonext_mm.engine.hooks.compile import CompileHook
from emonext_mm.engine.hooks.early_stopping import EarlyStopping
from emonext_mm.engine.hooks.ema import ForeachEMA, RawValidationEMAHook
from emonext_mm.engine.hooks.late_losses import LateLosses
from emonext_mm.engine.hooks.visualization import FirstViewVisualizationHook

__all__ = [
    'CommitHook',
    'CompileHook',
    'EarlyStopping',
    'FirstViewVisualizationHook',
    'ForeachEMA',
    'LateLosses',
    'RawValidationEMAHook',
]
