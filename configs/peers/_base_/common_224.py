"""The common recipe of nets that start from ImageNet: 224 px and the schedule of the EmoNeXt paper.

AdamW 1e-4, cosine, EMA, rotation and crops as in emonext_tiny_fer2013_view. The configs set its label smoothing, 0.2.
"""
_base_ = [
    '../../_base_/datasets/fer2013_stored.py',
    '../../_base_/schedules/paper.py',
    '../../_base_/evaluators.py',
    '../../_base_/default_runtime.py',
]

data_preprocessor = dict(
    type='STNDataPreprocessor',
    num_classes=7,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    localization_size=None,
    view=dict(type='AffineView', size=224, resize=236, degrees=20),
)
tta_pipeline = [dict(type='ToGrey'), dict(type='TenViews', size=224, resize=236)]
