"""The work dir of a training: its checkpoints, and the lock of the training that writes them."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


def best_checkpoint(work_dir: str | Path) -> Path | None:
    """Return the newest ``best_*.pth`` of a work dir."""
    return max(Path(work_dir).glob('best_*.pth'), key=lambda file: file.stat().st_mtime, default=None)


def last_checkpoint(work_dir: str | Path) -> Path | None:
    """Return the checkpoint named in the file ``last_checkpoint``, from the work dir, which may have been moved."""
    note = Path(work_dir) / 'last_checkpoint'
    return note.with_name(Path(note.read_text().strip()).name) if note.is_file() else None


def find_checkpoint(path: str | Path) -> Path:
    """Return ``path`` itself if it is a file; for a work dir, the best checkpoint or, without one, the last.

    Raises:
        FileNotFoundError: the work dir holds no checkpoint.
    """
    path = Path(path)
    if not path.is_dir():
        return path
    found = best_checkpoint(path) or last_checkpoint(path)
    if found is None:
        raise FileNotFoundError(f'{path} holds no checkpoint, neither best_*.pth nor last_checkpoint')
    return found


@contextmanager
def lock_work_dir(work_dir: str | Path) -> Iterator[None]:
    """Hold the lock of a work dir, so that two trainings never write into one.

    The operating system releases the lock when the process ends, however it ends.

    Raises:
        ValueError: another training holds the lock.
    """
    work_dir = Path(work_dir)
    work_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work_dir / '.lock')
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f'another training works in {work_dir}') from None
    try:
        yield
    finally:
        lock.release()
