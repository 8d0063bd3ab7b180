"""Optimizer wrappers and their constructors."""
from emonext_mm.engine.optim_wrappers.cpu_amp import CpuAmpOptimWrapper
from emonext_mm.engine.optim_wrappers.grouped_constructor import GroupedOptimWrapperConstructor
from emonext_mm.engine.optim_wrappers.scaled_clipping import ScaledClipAmpOptimWrapper

__all__ = ['CpuAmpOptimWrapper', 'GroupedOptimWrapperConstructor', 'ScaledClipAmpOptimWrapper']
