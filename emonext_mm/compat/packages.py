"""Finding an installed package without ``pkg_resources``, and ours by its name."""
from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os

from emonext_mm.utils.installation import find_config


def resolve_scope_bases() -> None:
    """Let ``_base_ = 'mmpretrain::resnet/resnet18_8xb32_in1k.py'`` find the installed package.

    MMEngine asks ``pkg_resources``, which setuptools 82 removed. The functions here use ``importlib`` instead.
    """
    if importlib.util.find_spec('pkg_resources') is not None:
        return
    # config and hub import the functions by name, so each module has its own reference.
    for name in ('utils.package_utils', 'utils', 'config.config', 'hub.hub'):
        module = importlib.import_module(f'mmengine.{name}')
        for function in (is_installed, get_installed_path, package2module):
            if hasattr(module, function.__name__):
                setattr(module, function.__name__, function)


def resolve_own_scope() -> None:
    """Let ``_base_ = 'emonext_mm::emonext_tiny_fer2013.py'`` find our config.

    MMEngine knows only the names of OpenMMLab's packages, and only configs in a folder below ``configs``.
    """
    config = importlib.import_module('mmengine.config.config').Config
    original = config._get_cfg_path

    def get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        scope, separator, name = cfg_path.partition('::')
        # Without a scope: our configs name their parts as MMPretrain does.
        return (find_config(name), None) if separator and scope == 'emonext_mm' else original(cfg_path, filename)

    config._get_cfg_path = staticmethod(get_cfg_path)


def is_installed(package: str) -> bool:
    """Return whether a distribution or an importable package of this name is installed."""
    try:
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        spec = importlib.util.find_spec(package)
        return spec is not None and spec.origin is not None
    return True


def get_installed_path(package: str) -> str:
    """Return the folder of an installed package, given the name of its module or distribution.

    Raises:
        PackageNotFoundError: nothing of this name is installed.
        RuntimeError: the package is a namespace package, which has no single folder.
    """
    spec = importlib.util.find_spec(package) or importlib.util.find_spec(package2module(package))
    if spec is None or spec.origin is None:
        raise RuntimeError(f'{package} is a namespace package, which has no single folder')
    return os.path.dirname(spec.origin)


def package2module(package: str) -> str:
    """Return the name of the module that a distribution installs (``mmcv-lite``: ``mmcv``).

    Raises:
        ValueError: the distribution does not list its modules.
    """
    modules = (importlib.metadata.distribution(package).read_text('top_level.txt') or '').split()
    if not modules:
        raise ValueError(f'can not infer the module name of {package}')
    return modules[0]
