"""Drawn faces at 48 px, without augmentation: each face is drawn with random nuisances. All values are ours."""
# An inferencer gives faces of any size; drawn ones are not changed.
pipeline = [
    dict(type='ToGrey'),
    dict(type='Resize', scale=(48, 48), interpolation='bilinear'),
    dict(type='PackInputs'),
]
tta_pipeline = [
    dict(type='ToGrey'),
    dict(type='Resize', scale=52, interpolation='bilinear'),
    dict(type='TenCrop', crop_size=48, transforms=[dict(type='PackInputs')]),
]
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(type='SyntheticFER', num_samples=8000, split='train', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
    drop_last=True,
)
val_dataloader = dict(
    batch_size=128,
    num_workers=0,
    dataset=dict(type='SyntheticFER', num_samples=1000, split='val', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=128,
    num_workers=0,
    dataset=dict(type='SyntheticFER', num_samples=1000, split='test', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
