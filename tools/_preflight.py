"""Imported first by every tool: settings that must precede PyTorch, and one line for a missing or unsupported host."""
import os
import sys

# The threads of GNU OpenMP, which PyTorch uses on Linux, spin for 300,000 rounds while they wait for each other: where
# another program wants the same cores, a training step takes five to ten times as long. A tenth is as fast on a quiet
# machine. What the user has set stands.
if 'OMP_WAIT_POLICY' not in os.environ:
    os.environ.setdefault('GOMP_SPINCOUNT', '30000')

try:
    from emonext_mm import compat
except ImportError as error:
    sys.exit(f'error: {error}')
compat.setup()
