"""EmoNeXt-tiny under the paper's recipe, with all affine augmentation in one warp on the device.

    python tools/train.py configs/emonext_tiny_fer2013_view.py

Workers deliver the stored 48 x 48 bytes; resize, rotation, crop and STN are one sampling of them (see `AffineView`).
Cost and result: not measured yet.
Origin of the values: as in emonext_tiny_fer2013.py; one deviation: outside the image the input is the mean, not black.
"""
_base_ = [
    '_base_/models/emonext_tiny.py',
    '_base_/datasets/fer2013_stored.py',
    '_base_/schedules/paper.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]

data_preprocessor = dict(view=dict(type='AffineView', size=224, resize=236, degrees=20))
tta_pipeline = [dict(type='ToGrey'), dict(type='TenViews', size=224, resize=236)]
