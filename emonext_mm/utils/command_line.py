"""MMPretrain's own command lines: their options, merged into a config as MMPretrain merges them."""
from __future__ import annotations

import copy
import importlib.util
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import mmpretrain
from mmengine.config import Config

# Options of MMPretrain's ``tools/test.py`` that are not given.
TEST_DEFAULTS = dict(work_dir=None, tta=False, amp=False, show=False, show_dir=None, no_pin_memory=False,
                     launcher='none')


def host_tool(name: str) -> ModuleType:
    """Import MMPretrain's ``tools/<name>.py``, so that our tools accept the options of the installed version.

    Raises:
        ImportError: the installed package does not carry its tools.
    """
    package = Path(mmpretrain.__file__).parent
    for folder in (package / '.mim' / 'tools', package.parent / 'tools'):  # wheel, editable install
        if (folder / f'{name}.py').is_file():
            spec = importlib.util.spec_from_file_location(f'mmpretrain_tools_{name}', folder / f'{name}.py')
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise ImportError(f'mmpretrain in {package} comes without its tools: pip install --force-reinstall mmpretrain')


def parse_host_args(name: str, argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Parse a command line with MMPretrain's parser of ``tools/<name>.py``.

    Args:
        argv: the arguments; those of the process when None.

    Returns:
        The options by name, without ``local_rank``, which MMPretrain's tools put into the environment.
    """
    before = sys.argv
    sys.argv = before if argv is None else [f'{name}.py', *map(str, argv)]
    try:
        options = vars(host_tool(name).parse_args())
    finally:
        sys.argv = before
    options.pop('local_rank')
    return options


def merge_train_options(config: str | Path | Config, options: dict[str, Any]) -> Config:
    """Merge the options of MMPretrain's ``tools/train.py`` into a config, and return the result.

    Raises:
        ValueError: see :func:`check_preprocessor`.
        OSError: the config cannot be read.
    """
    cfg = read_config(config)
    cfg = host_tool('train').merge_args(cfg, Namespace(config=cfg.filename or 'config', **options))
    check_preprocessor(cfg)
    return cfg


def merge_test_options(config: str | Path | Config, options: dict[str, Any]) -> Config:
    """Merge the options of MMPretrain's ``tools/test.py`` into a config, and return the result.

    Deviation: ``cfg_options`` are merged first. MMPretrain merges them after ``--tta`` has wrapped the model, so that
    ``model.*`` would change the wrapper, which has its own ``tta_model.*``.

    Args:
        config: file, or config.
        options: values by the name of the option; those that are missing are as in a call without them.

    Raises:
        ValueError: see :func:`check_preprocessor`.
        OSError: the config cannot be read.
    """
    cfg = read_config(config)
    cfg.merge_from_dict(options.get('cfg_options') or {})
    check_preprocessor(cfg)
    return host_tool('test').merge_args(
        cfg, Namespace(config=cfg.filename or 'config', **{**TEST_DEFAULTS, **options, 'cfg_options': None}))


def check_preprocessor(cfg: Config) -> None:
    """Refuse ``model.data_preprocessor`` beside ``data_preprocessor``.

    MMEngine would silently ignore the top-level one, and with it the STN or the normalisation.

    Raises:
        ValueError: the config has both; the message names the right key.
    """
    inner = cfg.model.get('data_preprocessor') if cfg.get('model') else None
    if inner and cfg.get('data_preprocessor'):
        raise ValueError(f'model.data_preprocessor.{next(iter(inner))}: the config has a data_preprocessor at the top '
                         f'level, which this one would replace as a whole; set data_preprocessor.{next(iter(inner))}')


def read_config(config: str | Path | Config) -> Config:
    """Read a config file, or copy a config.

    Raises:
        OSError: the file cannot be read.
    """
    return copy.deepcopy(config) if isinstance(config, Config) else Config.fromfile(config)
