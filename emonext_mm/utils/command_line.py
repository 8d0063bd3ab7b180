"""What the tools share: the host's own options, and errors of a user's making in one line."""
from __future__ import annotations

import importlib.util
from argparse import Namespace
from pathlib import Path
from types import ModuleType

import mmpretrain
from mmengine.config import Config


def host_tool(name: str) -> ModuleType:
    """MMPretrain's ``tools/<name>.py`` as a module: its options are ours, in whatever version is installed.

    Raises:
        ImportError: if the installed package does not carry its tools.
    """
    package = Path(mmpretrain.__file__).parent
    for folder in (package / '.mim' / 'tools', package.parent / 'tools'):  # wheel, editable install
        if (folder / f'{name}.py').is_file():
            spec = importlib.util.spec_from_file_location(f'mmpretrain_tools_{name}', folder / f'{name}.py')
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise ImportError(f'mmpretrain in {package} comes without its tools: pip install --force-reinstall mmpretrain')


def read_test_config(args: Namespace) -> Config:
    """``args.config`` with the options of MMPretrain's ``tools/test.py``, as ``args`` has them, merged in.

    Deviation: ``cfg_options`` go in first. The host merges them when ``--tta`` has wrapped the model already, so that
    ``model.*`` would change the wrapper, which has its own ``tta_model.*``.
    """
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    return host_tool('test').merge_args(cfg, Namespace(**{**vars(args), 'cfg_options': None}))


def find_checkpoint(path: str | Path) -> Path:
    """The checkpoint to test: ``path`` itself or, in a work dir, the newest best one, else the last one.

    Raises:
        FileNotFoundError: if the folder holds no checkpoint.
    """
    path = Path(path)
    if not path.is_dir():
        return path
    best = sorted(path.glob('best_*.pth'), key=lambda file: file.stat().st_mtime)
    if best:
        return best[-1]
    if (path / 'last_checkpoint').is_file():
        return Path((path / 'last_checkpoint').read_text().strip())
    raise FileNotFoundError(f'{path} holds no checkpoint, neither best_*.pth nor last_checkpoint')


