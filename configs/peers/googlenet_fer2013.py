"""GoogLeNet on FER2013 (Giannopoulos, Perikos & Hatzilygeroudis 2018), under a recipe of ours.

    python tools/train.py configs/peers/googlenet_fer2013.py

Published: 65.20 %, of an unknown split, by an unknown recipe: the chapter is not openly available.
Cost and result: not measured yet.
Origin of the values: ours, but for the weight of the auxiliary losses (Szegedy et al. 2015). SGD with steps.
"""
_base_ = ['_base_/googlenet.py', '_base_/own_recipe.py']

data_preprocessor = dict(
    type='STNDataPreprocessor',
    num_classes=7,
    mean=[127.5, 127.5, 127.5],  # the values of torchvision's weights
    std=[127.5, 127.5, 127.5],
    localization_size=None,
    view=dict(type='AffineView', size=224, resize=236, degrees=10, flip=0.5),
)
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
)
param_scheduler = dict(type='MultiStepLR', milestones=[20, 30], gamma=0.1)
train_dataloader = dict(batch_size=64)
train_cfg = dict(max_epochs=40)
tta_pipeline = [dict(type='ToGrey'), dict(type='TenViews', size=224, resize=236)]
