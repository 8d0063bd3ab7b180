"""The net of EmoNeXt-mini, without its data preprocessor: 2.9 million parameters, all values ours.

Three stages on maps of 24, 12 and 6 pixels: a fourth stage would see 3 x 3 pixels, fewer than its kernel. The stem
overlaps. Layer scale starts at 1, because ConvNeXt's 1e-6 is too small for a short training.
"""
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='EmoNeXt',
        arch=dict(depths=[1, 3, 4], channels=[64, 128, 256]),
        in_channels=1,
        stem_patch_size=2,
        stem_kernel_size=5,
        se_after=(0, 1, 2),
        out_indices=2,
        layer_scale_init_value=1.0,
    ),
    head=dict(
        type='SARegClsHead',
        num_classes=7,
        in_channels=256,
        sa_weight=1.0,
        loss=dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.1),
    ),
)
