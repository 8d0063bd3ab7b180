"""FER2013 at 224 px with the paper's augmentation, random rotation and random crop.

Angle (20 degrees) and sizes (236, then 224) are those of the authors' code; the paper gives none. Validation and test
use the centre crop, which is deterministic; ``tools/test.py --tta`` uses ten crops, as the authors' code does.
"""
train_pipeline = [
    dict(type='Resize', scale=236, interpolation='bilinear'),
    dict(type='Rotate', magnitude_range=(-20, 20), magnitude_std='inf', prob=1.0, pad_val=0, interpolation='bilinear'),
    dict(type='RandomCrop', crop_size=224),
]
test_pipeline = [
    dict(type='ToGrey'),
    dict(type='Resize', scale=236, interpolation='bilinear'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs'),
]
tta_pipeline = [
    dict(type='ToGrey'),
    dict(type='Resize', scale=236, interpolation='bilinear'),
    dict(type='TenCrop', crop_size=224, transforms=[dict(type='PackInputs')]),
]

data_root = 'data/fer2013'
train_dataloader = dict(
    batch_size=64,  # the authors' code
    num_workers=4,
    dataset=dict(type='FER2013', data_root=data_root, split='train', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='collate_faces'),
    drop_last=True,
)
val_dataloader = dict(
    batch_size=128,
    num_workers=4,
    dataset=dict(type='FER2013', data_root=data_root, split='val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=128,
    num_workers=4,
    dataset=dict(type='FER2013', data_root=data_root, split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
