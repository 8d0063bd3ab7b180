"""Errors caused by bad input, reported in one line."""
from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 1000  # characters of a message on a checkpoint


class CheckpointError(RuntimeError):
    """Refusal of a checkpoint; the message is one line that names the file and the reason.

    Names of weights come from the file: what cannot be printed is escaped, and long messages are cut.
    """

    def __init__(self, message: str) -> None:
        text = ''.join(sign if sign.isprintable() else sign.encode('unicode_escape').decode() for sign in message)
        super().__init__(text if len(text) <= LONGEST else f'{text[:LONGEST - 3]}...')


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn bad input into one line on stderr and exit status 1.

    ValueError, OSError, ImportError, CheckpointError and FloatingPointError (a loss or a score that is not finite)
    count as bad input; any other exception is a defect and keeps its traceback. ``EMONEXT_TRACEBACK=1`` keeps every
    traceback. Ctrl-C is one line and exit status 130.
    """
    try:
        yield
    except (ValueError, OSError, ImportError, FloatingPointError, CheckpointError) as error:
        if os.environ.get('EMONEXT_TRACEBACK') == '1':
            raise
        sys.exit(f'error: {error}')
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
