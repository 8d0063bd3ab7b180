"""EmoNeXt-tiny at 224 px as the paper has it: STN, SE after each stage, element attention.

Drop path 0.1, label smoothing 0.2 and lambda 1 are the released code's values (the paper gives none).
"""
# ImageNet's statistics, because the pretrained backbone expects them. Three of them turn the grey
# (N, 1, H, W) batch into the three channels of the stem.
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
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.2, mode='original'),
    ),
    # ConvNeXt's draw, for whatever is not pretrained.
    init_cfg=dict(type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.02, bias=0.0),
)
