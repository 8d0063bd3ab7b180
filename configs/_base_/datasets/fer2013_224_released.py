"""FER2013 at 224 px as the authors' released code has it, all values theirs (``train.py``, commit ce77dc1).

Reproduced on purpose, though we would not do it: half of the training faces stand on their heads, rotation takes the
nearest pixel, and validation takes a random crop, so that the same weights get another number every time.
The test is on the centre crop, so that it can be repeated; theirs, on ten crops, is ``tools/test.py --tta``.
"""
_base_ = 'fer2013_224.py'

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
train_dataloader = dict(dataset=dict(pipeline=train_pipeline), drop_last=False)
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
