"""One case in a process of its own, with limits of time and memory, and an eye on what it writes."""
from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from emonext_mm.utils.errors import CheckpointError

SECONDS = 20
MEMORY = 2**30  # bytes by which the process may grow
ADDRESSES = 2**34  # bytes of address space; beyond them nothing is allocated
LONGEST = 1000  # characters of a message
EXPECTED = (ValueError, OSError, ImportError, CheckpointError)  # those of one_line_errors
HELP = 'No FER2013 data in '  # the one message of several lines: it lists the layouts


# Whether a file may be written; its path, and whether the case was refused.
MayWrite = Callable[[str, bool], bool]


def nothing(path: str, refused: bool) -> bool:
    return False


class Fault(AssertionError):
    """A case that is neither a success nor one line."""


@dataclass(frozen=True)
class Outcome:
    """The end of a case."""

    message: str | None  # of the refusal; None after a success
    seconds: float
    memory: int  # bytes by which the process grew


def run_case(write: Callable[[Path], None], read: Callable[[Path], Any], may_write: MayWrite = nothing,
             seconds: float = SECONDS, memory: int = MEMORY) -> Outcome:
    """Write the files of a case into a new folder, and read them in a forked process.

    Args:
        write, read: functions of the folder.
        may_write: tells the files that may be written, such as a cache.

    Raises:
        Fault: the reading hangs, dies, takes too much memory, writes, or raises anything but one line.
    """
    folder = Path(tempfile.mkdtemp(prefix='strangers_'))
    try:
        write(folder)
        before = _state(folder)
        outcome = _run(read, folder, seconds, memory)
        changed = sorted({path for path, _ in _state(folder).items() ^ before.items()})
        written = [path for path in changed if not may_write(path, outcome.message is not None)]
        if written:
            raise Fault(f'written: {written}')
        return outcome
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(read: Callable[[Path], Any], folder: Path, seconds: float, memory: int) -> Outcome:
    here, there = multiprocessing.Pipe(duplex=False)
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            _report(read, folder, there)
        finally:
            os._exit(0)
    there.close()
    try:
        if not here.poll(seconds):
            raise Fault(f'no end after {seconds} s')
        message, grown = here.recv()
    except EOFError:
        raise Fault('the process died') from None
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        here.close()
    if grown > memory:
        raise Fault(f'grew by {grown / 1e6:.0f} MB')
    _check_message(message)
    return Outcome(message, time.monotonic() - begin, grown)


def _report(read: Callable[[Path], Any], folder: Path, there: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # logs
    os.dup2(null, 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    message = None
    try:
        read(folder)
    except EXPECTED as error:
        message = str(error)
    except BaseException:
        message = traceback.format_exc()
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    there.send((message, grown))


def _check_message(message: str | None) -> None:
    if message is None or message.startswith(HELP):
        return
    if len(message.splitlines()) != 1 or len(message) > LONGEST or not message.isprintable():
        raise Fault(f'not one line of at most {LONGEST} characters: {message[:5000]!r}')


def _state(folder: Path) -> dict[str, tuple]:
    """Size and time of all files and folders; links are not followed."""
    paths = [os.path.join(root, name) for root, folders, files in os.walk(folder) for name in (*folders, *files)]
    return {path: (os.lstat(path).st_size, os.lstat(path).st_mtime_ns) for path in paths if not os.path.isdir(path)}
