"""SE-Net50 of Khanzada, Bai & Celepcikay on FER2013 (arXiv 2004.11823), under its own recipe.

    python tools/train.py configs/peers/seresnet_50_fer2013.py

Published: 72.50 %, of 3,456 of the 3,589 PrivateTest images, single view, after 1,743 more images in training; 72.19
% of all.
Cost and result: not measured yet.
Origin of the values: their notebooks (`amilkh/cs230-fer`), see `_base_`. Norms and head learn, and the convolutions
from the 3 x 3 one of the fifth block of the third stage on.
"""
_base_ = ['_base_/seresnet_50.py', '_base_/khanzada.py']

learn = dict(lr_mult=1.0)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={
    'conv': dict(lr_mult=0),
    'downsample.0': dict(lr_mult=0),
    'backbone.layer3.4.conv2': learn,  # MMEngine takes the longest key in a name
    'backbone.layer3.4.conv3': learn,
    'backbone.layer3.4.se_layer': learn,
    'backbone.layer3.5': learn,
    'backbone.layer4': learn,
}))
