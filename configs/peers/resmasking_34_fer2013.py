"""Residual Masking Network on FER2013 (Pham, Vu & Tran, ICPR 2020), under its own recipe.

    python tools/train.py configs/peers/resmasking_34_fer2013.py

Published: 74.14 %, of PrivateTest, mean of ten random views.
Cost and result: not measured yet.
Origin of the values: the authors' code (`phamquiluan/ResidualMaskingNetwork`), see `_base_`. Test its views with
`--tta`.
"""
_base_ = ['_base_/resmasking_34.py', '_base_/residual_masking.py']

train_dataloader = dict(batch_size=48)
