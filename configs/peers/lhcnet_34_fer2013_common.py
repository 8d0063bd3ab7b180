"""LHC-Net on FER2013 under the common recipe for 224 px.

    python tools/train.py configs/peers/lhcnet_34_fer2013_common.py

Published: see lhcnet_34_fer2013.
Cost and result: not measured yet.
Origin of the values: `_base_/common_224.py`; the attention is there from the start, and nothing comes from ImageNet.
"""
_base_ = ['_base_/lhcnet_34.py', '_base_/common_224.py']

data_preprocessor = dict(mean=[0, 0, 0], std=[1, 1, 1], padding_mode='zeros')
model = dict(head=dict(loss=dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.2)))
