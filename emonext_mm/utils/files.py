"""Writing files."""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_atomic(path: str | Path, content: str | bytes) -> None:
    """Write a whole file or nothing, and create its folder.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    with atomic_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name only when the block ends without an error; create its folder.

    Several processes may write the same file at once: the last one wins.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.{os.getpid()}-{os.urandom(4).hex()}')
    try:
        with open(part, 'wb') as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
