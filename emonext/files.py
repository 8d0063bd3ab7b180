"""Files that are read."""
from __future__ import annotations

from pathlib import Path

from emonext.errors import EmonextError


def check_file(path: str | Path, name: str) -> None:
    """Refuse what is not a file: opening a pipe would wait for ever.

    Args:
        name: of the file, for messages.

    Raises:
        EmonextError: there is no such file, or it is a folder, a pipe or a device.
    """
    try:
        exists, is_file = Path(path).exists(), Path(path).is_file()
    except (OSError, ValueError) as error:  # a name that is too long, or has a zero byte
        raise EmonextError(f'{name}: {getattr(error, "strerror", None) or error}') from None
    if not is_file:
        raise EmonextError(f'{name}: {"no regular file" if exists else "no such file"}')
