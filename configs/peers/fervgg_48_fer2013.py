"""Khaireddin & Chen's VGG on FER2013 (arXiv 2105.03588), under its own recipe.

    python tools/train.py configs/peers/fervgg_48_fer2013.py

Published: 73.28 %, of PublicTest, ten crops of 40 px, selected on PrivateTest and at the end trained on it too.
Cost and result: not measured yet.
Origin of the values: the authors' code (`usef-kh/fer`). Deviations: each face is seen in one random crop of 40 px,
theirs in all ten at once, at the same number of crops in a step; shift and rotation are drawn for each face, theirs
for half of them; no change of the aspect; the last tuning (50 epochs from 1e-4, on both sets) is left out.
"""
_base_ = ['_base_/fervgg.py', '_base_/own_recipe.py']

data_preprocessor = dict(
    type='STNDataPreprocessor',
    num_classes=7,
    mean=[0],
    std=[255],
    in_channels=1,
    localization_size=None,
    view=dict(type='AffineView', size=40, resize=48, shift=8, degrees=10, flip=0.5, zoom=(0.9, 1.1)),
    photometry=dict(type='RandomPhotometry', erase=0.5),
)
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4),
)
param_scheduler = dict(
    type='ReduceOnPlateauLR', monitor='accuracy/top1', rule='greater', factor=0.75, patience=5)
train_dataloader = dict(batch_size=640)
train_cfg = dict(max_epochs=300)
tta_model = dict(type='AverageLogitTTA')
tta_pipeline = [dict(type='ToGrey'), dict(type='TenViews', size=40, resize=48)]
