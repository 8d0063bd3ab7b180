"""EmoNeXt-tiny under the paper's recipe, with all that is affine done on the device in one warp.

    python tools/train.py configs/emonext_tiny_fer2013_view.py

The workers hand out the stored 48 x 48 bytes; resize, rotation, crop and STN become one map, and the original pixels
are sampled once (see ``AffineView``). Same augmentation as emonext_tiny_fer2013.py, but for what lies beyond the
image, which is the mean and not black. Any of the configs at 224 px becomes one of these by the lines below.
"""
_base_ = 'emonext_tiny_fer2013.py'

data_preprocessor = dict(view=dict(type='AffineView', size=224, resize=236, degrees=20))

train_dataloader = dict(dataset=dict(pipeline=[]))
stored = dict(dataset=dict(pipeline=[dict(type='ToGrey'), dict(type='PackInputs', meta_keys=('sample_idx',))]))
val_dataloader = stored
test_dataloader = stored
tta_pipeline = [dict(type='ToGrey'), dict(type='TenViews', size=224, resize=236)]
