"""Errors caused by bad input, reported in one line."""
from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class CheckpointError(RuntimeError):
    """Refusal of a checkpoint; the message is one line that names the file and the reason."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn bad input into one line on stderr and exit status 1.

    ValueError, OSError, ImportError and CheckpointError count as bad input; any other exception is a defect and keeps
    its traceback. ``EMONEXT_TRACEBACK=1`` keeps every traceback.
    """
    try:
        yield
    except (ValueError, OSError, ImportError, CheckpointError) as error:
        if os.environ.get('EMONEXT_TRACEBACK') == '1':
            raise
        sys.exit(f'error: {error}')
