"""The environment of our tools, see ``tools/_preflight.py``; every benchmark imports this module before PyTorch.

``main`` calls ``compat.setup()``, which must not act in the new process of the authors' code.
"""
import os

if 'OMP_WAIT_POLICY' not in os.environ:
    os.environ.setdefault('GOMP_SPINCOUNT', '30000')
