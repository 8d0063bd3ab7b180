"""ResNet50 of Khanzada, Bai & Celepcikay on FER2013 (arXiv 2004.11823), under its own recipe.

    python tools/train.py configs/peers/resnet_50_fer2013.py

Published: 73.20 %, of PrivateTest, single view, all 3,589 images; 69.60 % of PublicTest by the same weights.
Cost and result: not measured yet.
Origin of the values: their notebooks (`amilkh/cs230-fer`), see `_base_`. All convolutions are frozen: norms and head
learn.
"""
_base_ = ['_base_/resnet_50.py', '_base_/khanzada.py']

optim_wrapper = dict(paramwise_cfg=dict(custom_keys={
    'conv': dict(lr_mult=0),
    'downsample.0': dict(lr_mult=0),
}))
