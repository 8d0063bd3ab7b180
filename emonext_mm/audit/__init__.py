"""Defects of a data set: duplicates, leaks between splits, contradicting labels, blank images."""
