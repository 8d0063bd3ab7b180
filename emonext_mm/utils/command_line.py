"""MMPretrain's own command lines: their options, merged into a config as MMPretrain merges them."""
from __future__ import annotations

import copy
import importlib.util
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import mmpretrain
from mmengine.config import Config, ConfigDict

from emonext_mm.utils.options import OptionAction, merge_options

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
            module.DictAction = OptionAction  # of --cfg-options
            return module
    raise ImportError(f'mmpretrain in {package} comes without its tools: pip install --force-reinstall mmpretrain')


def parse_host_args(name: str, argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Parse a command line with MMPretrain's parser of ``tools/<name>.py``.

    Args:
        argv: the arguments; those of the process when None.

    Returns:
        The options by name, without ``local_rank``, which MMPretrain's tools put into the environment.
    """
    with process_arguments(f'{name}.py', argv):
        options = vars(host_tool(name).parse_args())
    options.pop('local_rank')
    return options


@contextmanager
def process_arguments(program: str, argv: Sequence[str] | None) -> Iterator[None]:
    """Put a command line in place of that of the process, which MMPretrain's tools read; None keeps the process's."""
    before = sys.argv
    sys.argv = before if argv is None else [program, *map(str, argv)]
    try:
        yield
    finally:
        sys.argv = before


def merge_train_options(config: str | Path | Config, options: dict[str, Any]) -> Config:
    """Merge the options of MMPretrain's ``tools/train.py`` into a config, and return the result.

    Raises:
        ValueError: see :func:`check_preprocessor` and :func:`~emonext_mm.utils.options.merge_options`.
        OSError: the config cannot be read.
    """
    cfg = read_config(config)
    cfg = host_tool('train').merge_args(
        cfg, Namespace(config=cfg.filename or 'config', **{**options, 'cfg_options': None}))
    merge_options(cfg, options.get('cfg_options'))  # last, as MMPretrain does
    check_preprocessor(cfg)
    return cfg


def merge_test_options(config: str | Path | Config, options: dict[str, Any]) -> Config:
    """Merge the options of MMPretrain's ``tools/test.py`` into a config, and return the result.

    Deviations: ``cfg_options`` are merged first. MMPretrain merges them after ``--tta`` has wrapped the model, so that
    ``model.*`` would change the wrapper, which has its own ``tta_model.*``. The pipeline of ``--tta`` is given to each
    part of a ``ConcatDataset`` or another wrapper of data sets, which has no pipeline itself.

    Args:
        config: file, or config.
        options: values by the name of the option; those that are missing are as in a call without them.

    Raises:
        ValueError: see :func:`check_preprocessor` and :func:`~emonext_mm.utils.options.merge_options`.
        OSError: the config cannot be read.
    """
    cfg = read_config(config)
    merge_options(cfg, options.get('cfg_options'))
    check_preprocessor(cfg)
    options = {**TEST_DEFAULTS, **options, 'cfg_options': None}
    parts = list(_find_parts(cfg.test_dataloader.dataset)) if options['tta'] else []
    if parts:
        cfg.test_dataloader.dataset.setdefault('pipeline', parts[0].pipeline)
    cfg.resume = False  # as in the config that a resumed training leaves in its work dir
    cfg = host_tool('test').merge_args(cfg, Namespace(config=cfg.filename or 'config', **options))
    if parts:
        _move_pipeline(cfg.test_dataloader.dataset)
    return cfg


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


def _find_parts(dataset: ConfigDict) -> Iterator[ConfigDict]:
    """Configs of the data sets inside of a wrapper such as ``ConcatDataset``, without wrappers; none for a data set."""
    for part in [*dataset.get('datasets', []), *filter(None, [dataset.get('dataset')])]:
        yield from list(_find_parts(part)) or [part]


def _move_pipeline(wrapper: ConfigDict) -> None:
    """Move the pipeline of a wrapper to the data sets inside of it."""
    pipeline = wrapper.pop('pipeline')
    for part in _find_parts(wrapper):
        part.pipeline = copy.deepcopy(pipeline)


def read_config(config: str | Path | Config) -> Config:
    """Read a config file, or copy a config.

    Raises:
        OSError: the file cannot be read.
    """
    return copy.deepcopy(config) if isinstance(config, Config) else Config.fromfile(config)
