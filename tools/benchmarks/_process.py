"""A side of a benchmark in a process of its own.

What a training of ours sets for its process, such as that it keeps freed memory, must not make others faster.
"""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Callable

from torch.multiprocessing import get_context, set_start_method


@contextlib.contextmanager
def apart(build: Callable[..., Callable], *args: object) -> Iterator[Callable[[], None]]:
    """Call ``build(*args)`` in a new process; each call of what is yielded calls there what was built.

    Args:
        build: a function of a module, which the new process imports.
        *args: for it.

    Raises:
        Exception: the one that was raised there, by building or by a call.
    """
    context = get_context('spawn')
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, build, args))
    process.start()
    theirs.close()
    try:
        _receive(ours)
        yield lambda: (ours.send(None), _receive(ours))[1]
    finally:
        ours.close()  # which ends it
        process.join()


def _serve(connection: Connection, build: Callable[..., Callable], args: tuple) -> None:
    """The new process: build, then call for each message, until there is nobody any more."""
    set_start_method(None, force=True)  # of its own processes, such as a loader's: the system's again, not ours
    with contextlib.suppress(EOFError):
        try:
            call = build(*args)
            while True:
                connection.send(None)
                connection.recv()
                call()
        except EOFError:
            raise
        except Exception as error:
            connection.send(error)


def _receive(connection: Connection) -> None:
    error = connection.recv()
    if error is not None:
        raise error
