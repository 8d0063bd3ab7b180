"""One side of a benchmark in a new process.

Our settings for the process, such as keeping freed memory, must not make the authors' code faster.
"""
from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from multiprocessing import get_context, set_start_method
from multiprocessing.connection import Connection


@contextlib.contextmanager
def in_new_process(build: Callable[..., Callable], *args: object) -> Iterator[Callable[[], None]]:
    """Call ``build(*args)`` in a new process and yield a function that calls the result there.

    Args:
        build: a function at the top level of a module, which the new process imports.
        *args: arguments of ``build``.

    Raises:
        Exception: the exception of ``build`` or of a call.
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
        ours.close()  # ends the process
        process.join()


def _serve(connection: Connection, build: Callable[..., Callable], args: tuple) -> None:
    """Build once, then call once for each message, until the connection is closed."""
    set_start_method(None, force=True)  # a loader of the authors' code starts its workers in the default way
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
