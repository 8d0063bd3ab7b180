"""Imported first by every tool: a host that is missing or out of bounds is one line, not a traceback."""
import sys

try:
    import emonext_mm  # noqa: F401
except ImportError as error:
    sys.exit(f'error: {error}')
