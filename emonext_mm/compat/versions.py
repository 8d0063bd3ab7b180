"""Supported versions of PyTorch and OpenMMLab's packages."""
from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import re
from typing import NamedTuple


class Requirement(NamedTuple):
    """Supported versions of a module: ``least`` <= version < ``below`` (no upper bound when empty)."""

    module: str
    distributions: tuple[str, ...]  # each of them provides the module
    least: str
    below: str
    install: str


REQUIRED = (
    # Below torch 2.6, MMEngine's loader unpickles any file, which can run code.
    Requirement('torch', ('torch', ), '2.6', '', "pip install 'emonext_mm[all]' (emonext itself needs no torch)"),
    # onedl-* is the maintained fork, which installs the same modules.
    Requirement('mmengine', ('mmengine', 'mmengine-lite', 'onedl-mmengine'), '0.10.4', '1',
                "pip install 'mmengine>=0.10.4,<1'"),
    Requirement('mmcv', ('mmcv', 'mmcv-lite', 'onedl-mmcv'), '2.0', '2.4',
                "pip install 'mmcv-lite>=2.0,<2.4' (or mmcv for CUDA ops)"),
    Requirement('mmpretrain', ('mmpretrain', 'onedl-mmpretrain'), '1.2', '2', "pip install 'mmpretrain>=1.2,<2'"),
)


def check() -> None:
    """Check that every required package is installed in a supported version.

    Without this check a missing MMCV gives a traceback from inside MMPretrain.

    Raises:
        ImportError: torch, MMEngine, MMCV or MMPretrain is missing, too old or too new; the message gives the command
            that installs it.
    """
    for module, distributions, least, below, install in REQUIRED:
        if importlib.util.find_spec(module) is None:
            raise ImportError(f'emonext_mm needs {module}, which is not installed: {install}')
        version = _version(module, distributions)
        if _release(version) < _release(least) or (below and _release(version) >= _release(below)):
            bounds = f'>={least}' + (f',<{below}' if below else '')
            raise ImportError(f'emonext_mm needs {module}{bounds}, but {version} is installed: {install}')


def _version(module: str, distributions: tuple[str, ...]) -> str:
    for name in distributions:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(name)
    return importlib.import_module(module).__version__  # a source tree on PYTHONPATH


def _release(version: str) -> tuple[int, ...]:
    """``'2.2.0rc1+cpu'`` -> ``(2, 2, 0)``."""
    return tuple(int(part) for part in re.match(r'\d+(?:\.\d+)*', version)[0].split('.'))
