"""Layers on torch alone."""
