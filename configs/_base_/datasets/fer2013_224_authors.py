"""FER2013 at 224 px as in the authors' code, all values theirs (``train.py``, commit ce77dc1).

Deviations from good practice, reproduced on purpose: half of the training faces are upside down, rotation takes the
nearest pixel, and validation uses a random crop, so that the same weights give different numbers.
The test uses the centre crop, which is deterministic; the authors' ten crops are ``tools/test.py --tta``.
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
