"""Recipe of Khanzada, Bai & Celepcikay for both nets, from their notebooks.

Deviations: images are enlarged bilinearly, theirs by the nearest pixel.
"""
_base_ = ['divided_by_255.py', 'own_recipe.py']

data_preprocessor = dict(
    padding_mode='border',
    view=dict(size=197, shift=19.7, degrees=10, zoom=(0.9, 1.1)),
)
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, nesterov=True),
)
param_scheduler = [
    dict(type='InverseTimeLR', decay=1e-4, by_epoch=False),
    dict(type='ReduceOnPlateauLR', monitor='accuracy/top1', rule='greater', factor=0.5, patience=10, min_value=1e-5),
]
train_dataloader = dict(batch_size=128)
train_cfg = dict(max_epochs=100)
default_hooks = dict(checkpoint=dict(save_best=None))  # they take the last epoch
# They test on a single view; these are the ten crops of the other configs.
tta_pipeline = [dict(type='ToGrey'), dict(type='TenViews', size=197, resize=207.6)]
