"""Components of training and test, registered in MMPretrain's registries."""
from emonext_mm.engine.hooks import (
    CompileHook,
    EarlyStopping,
    FirstViewVisualizationHook,
    ForeachEMA,
    LateLosses,
    RawValidationEMAHook,
    SafeCheckpointHook,
)
from emonext_mm.engine.optim_wrappers import (
    CpuAmpOptimWrapper,
    GroupedOptimWrapperConstructor,
    ScaledClipAmpOptimWrapper,
)
from emonext_mm.engine.optimizers import build_muon
from emonext_mm.engine.schedules import InverseTimeLR, WarmRestartLR
from emonext_mm.engine.visualizer import GreyVisualizer

__all__ = [
    'CompileHook',
    'CpuAmpOptimWrapper',
    'EarlyStopping',
    'FirstViewVisualizationHook',
    'ForeachEMA',
    'GreyVisualizer',
    'GroupedOptimWrapperConstructor',
    'InverseTimeLR',
    'LateLosses',
    'RawValidationEMAHook',
    'SafeCheckpointHook',
    'ScaledClipAmpOptimWrapper',
    'WarmRestartLR',
    'build_muon',
]
