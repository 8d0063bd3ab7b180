"""Ad-Corre on FER2013 (Fard & Mahoor, IEEE Access 10, 2022), under its own recipe and with the losses of the paper.

    python tools/train.py configs/peers/adcorre_xception_fer2013.py

Published: 72.03 %, of what the code calls its test folder, PublicTest and PrivateTest together, the best epoch of it.
Cost and result: not measured yet.
Origin of the values: the authors' code (`aliprf/Ad-Corre`). Inferred: weights of 1 for the three terms, the adaptive
weights in FD, seven embeddings (figures). Ours: rotation and mirror images; theirs are made beforehand by a method that
is not published. They stop after 300 epochs at most; so do we.
"""
_base_ = ['_base_/adcorre_xception.py', '_base_/divided_by_255.py', '_base_/own_recipe.py']

data_preprocessor = dict(view=dict(degrees=10))
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='Adam', lr=1e-3),
)
param_scheduler = dict(type='InverseTimeLR', decay=1e-5, by_epoch=False)
train_dataloader = dict(batch_size=50, drop_last=True)
train_cfg = dict(max_epochs=300)
# They test on a single view; these are the ten crops of the other configs.
tta_pipeline = [dict(type='ToGrey'), dict(type='TenViews', size=224, resize=236)]
