"""Helpers for all other packages: files, errors, checkpoints, the command line, the training log."""
