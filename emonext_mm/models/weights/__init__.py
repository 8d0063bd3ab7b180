"""Weights of other projects: pretrained ConvNeXts and checkpoints of the authors' code."""
