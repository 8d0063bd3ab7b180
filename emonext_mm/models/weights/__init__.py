"""Weights: pretrained ConvNeXts, checkpoints of the authors' code, the trained models of this package."""
