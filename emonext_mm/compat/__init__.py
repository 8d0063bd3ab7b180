"""Work-arounds for MMEngine, MMCV and MMPretrain on today's PyTorch, NumPy and setuptools.

One function per fault: its docstring states the fault, it acts only where the fault occurs, and a test shows when the
work-around is no longer needed. Nothing here acts on import: :func:`setup` changes the process, and
:func:`~emonext_mm.compat.config.prepare_train` and :func:`~emonext_mm.compat.config.prepare_test` return a changed copy
of a config.
"""
from emonext_mm.compat.setup import setup

__all__ = ['setup']
