"""FER2013 at 224 px as the authors' released code has it, all values theirs (``train.py``, commit ce77dc1).

Reproduced on purpose, though we would not do it: half of the training faces stand on their heads, rotation takes the
nearest pixel, and validation takes a random crop, so that the same weights get another number every time.
The test is on the centre crop, so that it can be repeated; theirs, on ten crops, is ``tools/test.py --tta``.
"""
train_pipeline = [
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='Resize', scale=236, interpolation='bilinear'),
    dict(type='Rotate', magnitude_range=(-20, 20), magnitude_std='inf', prob=1.0, pad_val=0, interpolation='nearest'),
    dict(type='RandomCrop', crop_size=224),
]
val_pipeline = [
    dict(type='Resize', scale=236, interpolation='bilinear'),
    dict(type='RandomCrop', crop_size=224),
    dict(type='PackInputs'),
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
    batch_size=64,
    num_workers=4,
    dataset=dict(type='FER2013', data_root=data_root, split='train', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='collate_faces'),
    drop_last=False,
)
val_dataloader = dict(
    batch_size=128,
    num_workers=4,
    dataset=dict(type='FER2013', data_root=data_root, split='val', pipeline=val_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=128,
    num_workers=4,
    dataset=dict(type='FER2013', data_root=data_root, split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
