"""Where the configs and tools of this package are installed."""
from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def find_root() -> Path | None:
    """Folder of ``model-index.yml``, ``configs`` and ``tools``: ``.mim`` in a wheel, the checkout otherwise."""
    return next((root for root in (PACKAGE / '.mim', PACKAGE.parent) if (root / 'model-index.yml').is_file()), None)


def find_config(name: str) -> str:
    """Path of one of our config files, by its name or its path below ``configs``.

    For ``_base_`` of a config that MMPretrain's own tools read: MMEngine evaluates the expression. ::

        _base_ = __import__('emonext_mm').find_config('emonext_tiny_fer2013.py')

    Raises:
        FileNotFoundError: there is no such config; the message lists those that there are.
    """
    root = find_root()
    if root is None:
        raise FileNotFoundError('the configs of emonext_mm are not installed: pip install --force-reinstall emonext_mm')
    path = root / 'configs' / (name if name.endswith('.py') else f'{name}.py')
    if not path.is_file():
        known = ', '.join(sorted(file.name for file in (root / 'configs').glob('*.py')))
        raise FileNotFoundError(f'{path}: there is no such config; known are {known}')
    return str(path)
