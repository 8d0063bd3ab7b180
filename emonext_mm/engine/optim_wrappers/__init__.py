"""Optimizer wrappers."""
from emonext_mm.engine.optim_wrappers.cpu_amp import CpuAmpOptimWrapper
from emonext_mm.engine.optim_wrappers.scaled_clipping import ScaledClipAmpOptimWrapper

__all__ = ['CpuAmpOptimWrapper', 'ScaledClipAmpOptimWrapper']
