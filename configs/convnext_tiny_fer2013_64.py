"""ConvNeXt-tiny on FER2013 at 64 px, from scratch: the baseline of emonext_tiny_fer2013_64, under its recipe.

    python tools/train.py configs/convnext_tiny_fer2013_64.py

Cost and result: not measured yet.
Origin of the values: those of emonext_tiny_fer2013_64, without STN, SE and attention loss.
"""
_base_ = 'emonext_tiny_fer2013_64.py'

data_preprocessor = dict(localization_size=None)
model = dict(
    backbone=dict(se_after=[]),
    head=dict(
        _delete_=True,
        type='LinearClsHead',
        num_classes=7,
        in_channels=768,
        loss=dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.1),
    ),
)
