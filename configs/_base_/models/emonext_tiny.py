"""EmoNeXt-tiny at 224 px as in the paper: STN, SE after each stage, element attention.

Drop path 0.1, label smoothing 0.2 and lambda 1 are the values of the authors' code (the paper gives none).
"""
# ImageNet's mean and standard deviation, because the pretrained backbone expects them. Three of each turn a grey batch
# (N, 1, H, W) into three channels.
data_preprocessor = dict(
    type='STNDataPreprocessor',
    num_classes=7,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    localization_size=224,
)
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='EmoNeXt',
        arch='tiny',
        drop_path_rate=0.1,
        init_cfg=dict(type='Pretrained', checkpoint='timm://convnext_tiny.fb_in22k'),
    ),
    head=dict(
        type='SARegClsHead',
        num_classes=7,
        in_channels=768,
        sa_weight=1.0,
        loss=dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.2),
    ),
    # ConvNeXt's random initialisation, for all that is not pretrained.
    init_cfg=dict(type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.02, bias=0.0),
)
