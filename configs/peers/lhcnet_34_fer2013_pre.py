"""First of the trainings of LHC-Net on FER2013: its trunk without attention.

    python tools/train.py configs/peers/lhcnet_34_fer2013_pre.py

Published: see lhcnet_34_fer2013.
Cost and result: not measured yet.
Origin of the values: the authors' code (`Bodhis4ttva/LHC_Net`), step 1 of their five. Without their weights of
ImageNet.
"""
_base_ = ['_base_/lhcnet_34.py', '_base_/lhc.py']

data_preprocessor = dict(view=dict(degrees=30, flip=0.5))
model = dict(backbone=dict(attention=[None] * 5))
optim_wrapper = dict(type='AmpOptimWrapper', loss_scale='dynamic', optimizer=dict(type='Adam', lr=1e-4))
train_dataloader = dict(batch_size=48)
train_cfg = dict(max_epochs=300)
default_hooks = dict(early_stopping=dict(type='EarlyStopping', patience=30))
