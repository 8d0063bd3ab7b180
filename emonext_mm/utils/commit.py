"""The commit of this package."""
from __future__ import annotations

import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parents[2]


def find_commit(root: Path = ROOT) -> str:
    """Hash of the checkout that this package runs from, with ``-dirty`` if files differ from it or are untracked.

    An installed package has none: its version then, such as ``version 0.1.0``, or ``unknown`` for a copied folder.
    """
    with suppress(OSError, subprocess.CalledProcessError):  # git is missing, or refuses another user's checkout
        if (root / '.git').exists():  # git would find a checkout around an installed package
            return _git(root, 'rev-parse', 'HEAD') + ('-dirty' if _git(root, 'status', '--porcelain') else '')
    with suppress(PackageNotFoundError):
        return f'version {version("emonext_mm")}'
    return 'unknown'


def _git(root: Path, *command: str) -> str:
    return subprocess.run(['git', '-C', str(root), *command], capture_output=True, text=True, check=True).stdout.strip()
