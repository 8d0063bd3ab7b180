"""Tests of emonext_mm. Workers of pytest-xdist share the cores: with several threads each, they would wait for each
other, so each of them, and each process that it starts, has one. OpenMP reads the variable when PyTorch is imported.
"""
import os

if 'PYTEST_XDIST_WORKER' in os.environ:
    os.environ.setdefault('OMP_NUM_THREADS', '1')
