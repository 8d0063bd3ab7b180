"""EmoNeXt-tiny as the authors' released code has it, all values theirs (``models.py``, commit ce77dc1).

Other than in their paper: SE after the three inner downsamplings, without bias; attention over the batch, after a
LayerNorm and by C ** 0.25; the STN's grid with ``align_corners``. Pixels are brought to 0..1 and no further, though the
pretrained backbone expects ImageNet's mean and deviation.
"""
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(
        type='STNDataPreprocessor',
        num_classes=7,
        mean=[0.0] * 3,  # three of them turn a grey batch into three channels
        std=[255.0] * 3,
        localization_size=224,
        align_corners=True,
    ),
    backbone=dict(
        type='EmoNeXt',
        arch='tiny',
        se_after=(),
        se_before=(1, 2, 3),
        se_bias=False,
        drop_path_rate=0.1,
        init_cfg=dict(type='Pretrained', checkpoint='timm://convnext_tiny.fb_in22k'),
    ),
    head=dict(
        type='SARegClsHead',
        num_classes=7,
        in_channels=768,
        attention=dict(type='BatchAttentionVariance'),
        sa_weight=1.0,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.2, mode='original'),
    ),
    init_cfg=dict(type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.02, bias=0.0),
)
