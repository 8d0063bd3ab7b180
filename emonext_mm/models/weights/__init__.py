"""Weights from elsewhere: pretrained ConvNeXts, checkpoints of the authors' code."""
