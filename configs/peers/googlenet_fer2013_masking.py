"""GoogLeNet on FER2013 under the recipe of the Residual Masking Network, whose authors trained it too.

    python tools/train.py configs/peers/googlenet_fer2013_masking.py

Published: 71.97 %, of PrivateTest, in the list of `phamquiluan/ResidualMaskingNetwork`, single view or ten not said.
Cost and result: not measured yet.
Origin of the values: that repository, see `_base_/residual_masking.py`. Inferred: the auxiliary losses.
"""
_base_ = ['_base_/googlenet.py', '_base_/residual_masking.py']

train_dataloader = dict(batch_size=48)
