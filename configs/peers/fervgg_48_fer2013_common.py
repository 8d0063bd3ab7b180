"""Khaireddin & Chen's VGG on FER2013 under the common recipe for 48 px.

    python tools/train.py configs/peers/fervgg_48_fer2013_common.py

Published: see fervgg_48_fer2013.
Cost and result: not measured yet.
Origin of the values: `_base_/common_48.py`; the first linear layer takes the 3 x 3 map of 48 px.
"""
_base_ = ['_base_/fervgg.py', '_base_/common_48.py']

model = dict(head=dict(
    in_channels=4608,
    loss=dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.1),
))
