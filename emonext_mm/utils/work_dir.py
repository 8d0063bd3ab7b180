"""The work dir of a training: its checkpoints, and the lock of the training that writes them."""
from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from filelock import FileLock, Timeout
from mmengine.logging import print_log

_SAVED = re.compile(r'(?:epoch|iter)_(\d+)(?:_iter_(\d+))?\.pth')


def is_whole(checkpoint: str | Path) -> bool:
    """Whether a file of torch is there to its end and has its checksums; a folder, as of DeepSpeed, counts."""
    if Path(checkpoint).is_dir():
        return True
    try:
        with ZipFile(checkpoint) as file:
            return file.testzip() is None
    except (OSError, BadZipFile):
        return False


def best_checkpoint(work_dir: str | Path) -> Path | None:
    """Return the newest ``best_*.pth`` of a work dir that is whole or, if none is, the newest."""
    found = sorted(Path(work_dir).glob('best_*.pth'), key=lambda file: file.stat().st_mtime, reverse=True)
    if len(found) < 2:  # nothing to choose: the file is not read an additional time
        return found[0] if found else None
    return next(filter(is_whole, found), found[0])


def last_checkpoint(work_dir: str | Path) -> Path | None:
    """Return the checkpoint named in the file ``last_checkpoint``, from the work dir, which may have been moved."""
    note = Path(work_dir) / 'last_checkpoint'
    name = Path(note.read_text().strip()).name if note.is_file() else ''
    return note.with_name(name) if name else None  # empty: killed while it was written


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


def resumable_checkpoint(work_dir: str | Path) -> Path | None:
    """Return the checkpoint from which a training goes on: the last one or, where that is not whole, the one before.

    Raises:
        ValueError: there are checkpoints, but none is whole.
    """
    noted, saved = last_checkpoint(work_dir), _saved(work_dir)
    candidates = [*([noted] if noted else []), *sorted(saved, key=saved.get, reverse=True)]
    found = next(filter(is_whole, candidates), None)
    if candidates and found is None:
        raise ValueError(f'{work_dir}: none of {", ".join(file.name for file in candidates)} is whole')
    if noted and found != noted:
        print_log(f'{noted} is missing or cut: the training goes on from {found}', 'current', logging.WARNING)
    return found


def set_aside(work_dir: str | Path, load_from: str | Path | None = None) -> Path | None:
    """Move the checkpoints of an earlier training into a new subfolder ``earlier_<number>``, where no reader looks.

    Else they would stand for those that a new training has not saved yet. Call this with the lock of the work dir.

    Args:
        load_from: checkpoint from which the new training starts.

    Returns:
        The subfolder, itself a work dir of checkpoints; None if there are none.

    Raises:
        ValueError: ``load_from`` would be moved; nothing is.
    """
    work_dir = Path(work_dir)
    note, noted = work_dir / 'last_checkpoint', last_checkpoint(work_dir)
    found = {note, *work_dir.glob('best_*.pth'), *filter(None, [noted]), *_saved(work_dir)}
    found = sorted(file for file in found if file.exists())
    if load_from and Path(load_from).resolve() in [file.resolve() for file in found]:
        raise ValueError(f'load_from is {load_from}, of an earlier training in {work_dir}, which a new one moves away: '
                         'train in another work dir')
    if not found:
        return None
    number = next(number for number in itertools.count(1) if not (work_dir / f'earlier_{number}').exists())
    folder = work_dir / f'earlier_{number}'
    folder.mkdir()
    for file in found:
        file.rename(folder / file.name)
    print_log(f'{work_dir} has checkpoints of an earlier training: they are now in {folder}', 'current')
    return folder


def _saved(work_dir: str | Path) -> dict[Path, tuple[int, int]]:
    """Checkpoints of epochs and iterations, each with the numbers in its name."""
    return {file: (int(found[1]), int(found[2] or 0)) for file in Path(work_dir).glob('*.pth')
            if (found := _SAVED.fullmatch(file.name))}


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
