"""Archives in place of data: named as such, with the command that unpacks them."""
from __future__ import annotations

import shlex
from pathlib import Path

# First bytes of a file -> command. Python's own tools also exist where the shell has no others.
_ZIP, _TAR = 'python -m zipfile -e {} {}', 'python -m tarfile -e {} {}'
_PACKED = {b'\x1f\x8b': 'gunzip {}', b'BZh': 'bunzip2 {}', b'\xfd7zXZ\0': 'unxz {}', b'\x28\xb5\x2f\xfd': 'unzstd {}'}
_KINDS = {b'PK\3\4': _ZIP, b'7z\xbc\xaf\x27\x1c': '7z x {} -o{}', b'Rar!': 'unrar x {} {}', **_PACKED}
_TAR_MARK = slice(257, 262), b'ustar'
SUFFIXES = ('.zip', '.tar', '.tgz', '.tar.gz', '.tar.bz2', '.tar.xz', '.7z', '.rar', '.csv.gz')


def unpack_command(path: Path) -> str | None:
    """Return the command that unpacks an archive beside it; None for a file of another kind, whatever its name.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, 'rb') as file:
        head = file.read(512)
    place, mark = _TAR_MARK
    command = _TAR if head[place] == mark else next((_KINDS[kind] for kind in _KINDS if head.startswith(kind)), None)
    if command in _PACKED.values() and path.name.lower().endswith(('.tgz', '.tar.gz', '.tar.bz2', '.tar.xz')):
        command = _TAR
    return command and command.format(*(shlex.quote(str(each)) for each in (path, path.parent)))


def refuse_archive(path: Path) -> None:
    """Refuse an archive, whatever its name.

    Raises:
        ValueError: the file is one; the message has the command that unpacks it.
        OSError: the file cannot be read.
    """
    command = unpack_command(path)
    if command:
        raise ValueError(f'{path} is an archive. Unpack it and set data_root to the folder: {command}')
