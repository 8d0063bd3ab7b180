"""Work-arounds for MMEngine, MMCV and MMPretrain on today's PyTorch, NumPy and setuptools.

One function per trap. Each docstring states the fault, each function acts only where the fault shows, and each has a
test that shows when the host no longer needs it. Nothing here acts on import: :func:`setup` changes the process, and
:func:`~emonext_mm.compat.config.prepare_train` and :func:`~emonext_mm.compat.config.prepare_test` return a changed copy
of a config.
"""
from emonext_mm.compat.setup import setup

__all__ = ['setup']
