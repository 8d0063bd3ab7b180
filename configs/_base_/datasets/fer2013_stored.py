"""FER2013 as stored, grey bytes of 48 x 48, for an ``AffineView``, which does all affine augmentation on the device.

A worker delivers 2,304 bytes for each face and only copies them. All values are ours.
"""
# An inferencer gives faces of any size; those of FER2013 are not changed.
resize = dict(type='Resize', scale=(48, 48), interpolation='bilinear')
test_pipeline = [dict(type='ToGrey'), resize, dict(type='PackInputs', meta_keys=('sample_idx', ))]
# 52 / 48 is about the 236 / 224 of the configs at 224 px.
tta_pipeline = [dict(type='ToGrey'), resize, dict(type='TenViews', size=48, resize=52)]

data_root = 'data/fer2013'
train_dataloader = dict(
    batch_size=64,
    num_workers=1,
    dataset=dict(type='FER2013', data_root=data_root, split='train', pipeline=[]),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='collate_faces'),
    drop_last=True,
)
val_dataloader = dict(
    batch_size=128,
    num_workers=1,
    dataset=dict(type='FER2013', data_root=data_root, split='val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)
test_dataloader = dict(
    batch_size=128,
    num_workers=1,
    dataset=dict(type='FER2013', data_root=data_root, split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)
