"""Segmentation VGG-19 on FER2013 (Vignesh et al., 2023), under its own recipe.

    python tools/train.py configs/peers/segvgg_19_fer2013.py

Published: 75.97 %, of PrivateTest, mean of ten random views; no number of 3,589 images gives 75.97 %.
Cost and result: not measured yet.
Origin of the values: the authors' code (`VigneshS10/Segmentation-VGG19`), see `_base_`. Test its views with `--tta`.
"""
_base_ = ['_base_/segvgg_19.py', '_base_/residual_masking.py']

param_scheduler = dict(patience=3)
train_dataloader = dict(batch_size=8)
