"""Layers that need PyTorch alone."""
