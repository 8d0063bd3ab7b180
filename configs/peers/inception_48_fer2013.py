"""Inception for 48 px on FER2013 (Pramerdorfer & Kampel, arXiv 1612.02903), under its own recipe.

    python tools/train.py configs/peers/inception_48_fer2013.py

Published: 71.60 %, of PrivateTest, by Pramerdorfer & Kampel; the paper names Khaireddin & Chen, who cite it.
Cost and result: not measured yet.
Origin of the values: rates, decay, batch and epochs as quoted by `amilkh/cs230-fer`. Inferred: the widths of the net,
the size of the crops, the dropout. Deviation: no histogram equalisation, which is a script in their repository.
"""
_base_ = ['_base_/inception_48.py', '_base_/grey_48.py', '_base_/own_recipe.py']

data_preprocessor = dict(view=dict(resize=52))
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-4),
)
param_scheduler = dict(
    type='ReduceOnPlateauLR', monitor='accuracy/top1', rule='greater', factor=0.5, patience=10)
train_dataloader = dict(batch_size=128)
train_cfg = dict(max_epochs=300)
