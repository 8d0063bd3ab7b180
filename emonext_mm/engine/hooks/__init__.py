"""Hooks for training and test."""
from emonext_mm.engine.hooks.checkpoint import SafeCheckpointHook
from emonext_mm.engine.hooks.class_order import ClassOrderHook
from emonext_mm.engine.hooks.commit import CommitHook
from emonext_mm.engine.hooks.compile import CompileHook
from emonext_mm.engine.hooks.early_stopping import EarlyStopping
from emonext_mm.engine.hooks.ema import ForeachEMA, RawValidationEMAHook
from emonext_mm.engine.hooks.finite import FiniteHook
from emonext_mm.engine.hooks.interrupt import InterruptHook
from emonext_mm.engine.hooks.late_losses import LateLosses
from emonext_mm.engine.hooks.resumable import ResumableHook
from emonext_mm.engine.hooks.step_seed import StepSeedHook
from emonext_mm.engine.hooks.trained_options import TrainedOptionsHook
from emonext_mm.engine.hooks.visualization import FirstViewVisualizationHook

__all__ = [
    'ClassOrderHook',
    'CommitHook',
    'CompileHook',
    'EarlyStopping',
    'FiniteHook',
    'FirstViewVisualizationHook',
    'ForeachEMA',
    'InterruptHook',
    'LateLosses',
    'RawValidationEMAHook',
    'ResumableHook',
    'SafeCheckpointHook',
    'StepSeedHook',
    'TrainedOptionsHook',
]
