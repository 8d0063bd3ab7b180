"""Segmentation VGG-19 on FER2013 under the common recipe for 224 px.

    python tools/train.py configs/peers/segvgg_19_fer2013_common.py

Published: see segvgg_19_fer2013.
Cost and result: not measured yet.
Origin of the values: `_base_/common_224.py`; everything learns.
"""
_base_ = ['_base_/segvgg_19.py', '_base_/common_224.py']

model = dict(head=dict(loss=dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.2)))
