"""Imported first by every tool: settings that must precede PyTorch, and one line for missing requirements."""
import os
import sys
from types import TracebackType

# The threads of GNU OpenMP, which PyTorch uses on Linux, spin for 300,000 rounds while they wait for each other: where
# another program wants the same cores, a training step takes five to ten times as long. A tenth of the
# rounds is as fast on a quiet machine. Values that the user has set are kept.
if 'OMP_WAIT_POLICY' not in os.environ:
    os.environ.setdefault('GOMP_SPINCOUNT', '30000')


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show Ctrl-C during the imports of a tool as one line; Python then ends with the status of the signal, 130."""
    if issubclass(kind, KeyboardInterrupt):
        print('interrupted', file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = show
try:
    from emonext_mm import compat
except ImportError as error:
    sys.exit(f'error: {error}')
compat.setup()
