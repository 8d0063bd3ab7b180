"""Inception-v3 on FER2013, a stand-in with a known recipe for the paper's "Inception".

    python tools/train.py configs/peers/inceptionv3_fer2013.py

Published: 72.72 %, of PrivateTest, in the list of `phamquiluan/ResidualMaskingNetwork`; not the 71.60 % of the paper.
Cost and result: not measured yet.
Origin of the values: that repository, see `_base_/residual_masking.py`. No auxiliary loss: its classifier needs 299 px.
"""
_base_ = ['_base_/inceptionv3.py', '_base_/residual_masking.py']

train_dataloader = dict(batch_size=48)
