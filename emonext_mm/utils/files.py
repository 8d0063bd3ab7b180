"""Reading files of strangers, and writing files."""
from __future__ import annotations

import gzip
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def check_regular(path: str | Path) -> None:
    """Refuse what is not a regular file: a pipe would be waited for without end, a device read without end.

    Raises:
        OSError: there is no such file, or its links lead nowhere.
        ValueError: it is a folder, a pipe, a socket or a device, or its name has a zero byte.
    """
    try:
        mode = os.stat(path).st_mode
    except ValueError as error:
        raise ValueError(f'{str(path)!r} is no name of a file: {error}') from None
    if not stat.S_ISREG(mode):
        raise ValueError(f'{path} is not a regular file')


def read_text(path: str | Path, limit: int) -> str:
    """Read a UTF-8 file of at most ``limit`` bytes; the content of a .gz file is unpacked, within the same limit.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no regular file, is larger, is no whole gzip file, or is not UTF-8.
    """
    check_regular(path)
    packed = str(path).endswith('.gz')
    try:
        with (gzip.open if packed else open)(path, 'rb') as file:
            content = file.read(limit + 1) if packed or os.path.getsize(path) <= limit else None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f'{path} is not a whole gzip file: {error}') from None
    if content is None or len(content) > limit:
        raise ValueError(f'{path} holds more than {limit:,} bytes')
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not a text file: {error}') from None


def write_atomic(path: str | Path, content: str | bytes) -> None:
    """Write a whole file or nothing, and create its folder.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    with atomic_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def check_writable(path: str | Path) -> None:
    """Check that a file can be written later; its folder may be missing, and is not created.

    Raises:
        OSError: ``path`` is a folder, or the nearest folder above it that exists may not be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f'{path} is a folder, expected a file')
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise OSError(f'{path} cannot be written: {parent} is no folder that may be written to')


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name only when the block ends without an error; create its folder.

    Several processes may write the same file at once: the last one wins.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.{os.getpid()}-{os.urandom(4).hex()}')  # see remove_parts
    try:
        with open(part, 'wb') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # else the name could be on disk before the content
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def remove_parts(folder: str | Path, pattern: str) -> None:
    """Remove what processes that were killed in :func:`atomic_file` have left of files whose names fit a pattern.

    Nobody else may write to these files meanwhile.
    """
    for part in Path(folder).glob(f'.{pattern}.*'):
        if re.search(r'\.\d+-[0-9a-f]{8}$', part.name):
            part.unlink()
