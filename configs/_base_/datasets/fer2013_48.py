"""FER2013 at its own 48 px; augmentation ours: flip, rotation by up to 10 degrees, crop after padding by 4 px.

Nothing is resized, so a grey image of 2,304 bytes is all that a worker moves. Only for the ten crops of a test
with ``--tta`` are faces enlarged, to 52 px: about the 236 / 224 of the configs at 224 px.
"""
train_pipeline = [
    dict(type='RandomFlip', prob=0.5),
    dict(type='Rotate', magnitude_range=(-10, 10), magnitude_std='inf', prob=1.0, interpolation='bilinear'),
    dict(type='RandomCrop', crop_size=48, padding=4, padding_mode='edge'),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]
tta_pipeline = [
    dict(type='Resize', scale=52, interpolation='bilinear'),
    dict(type='TenCrop', crop_size=48, transforms=[dict(type='PackInputs')]),
]

data_root = 'data/fer2013'
train_dataloader = dict(
    batch_size=64,
    num_workers=1,
    dataset=dict(type='FER2013', data_root=data_root, split='train', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
    drop_last=True,
)
val_dataloader = dict(
    batch_size=128,
    num_workers=1,
    dataset=dict(type='FER2013', data_root=data_root, split='val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=128,
    num_workers=1,
    dataset=dict(type='FER2013', data_root=data_root, split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
