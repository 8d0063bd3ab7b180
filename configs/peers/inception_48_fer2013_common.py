"""Inception for 48 px on FER2013 under the common recipe for 48 px.

    python tools/train.py configs/peers/inception_48_fer2013_common.py

Published: see inception_48_fer2013.
Cost and result: not measured yet.
Origin of the values: `_base_/common_48.py`; widths as in inception_48_fer2013.
"""
_base_ = ['_base_/inception_48.py', '_base_/common_48.py']

model = dict(head=dict(loss=dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.1)))
