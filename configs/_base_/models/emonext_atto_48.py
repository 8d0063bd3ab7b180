"""EmoNeXt-atto for 48 px faces and training from scratch: STN, SE and element attention as at 224 px.

A stem of stride 3 (ours) gives a map of 16 x 16; a stride of 4 would give 12 x 12 and a last stage of a single
element. Layer scale starts at 1 (ours): ConvNeXt's 1e-6 is too small for a short training.
"""
# FER2013's mean and standard deviation; three of each turn a grey batch (N, 1, H, W) into three channels.
data_preprocessor = dict(
    type='STNDataPreprocessor',
    num_classes=7,
    mean=[129.5] * 3,
    std=[65.0] * 3,
    localization_size=48,
)
model = dict(
    type='ImageClassifier',
    backbone=dict(type='EmoNeXt', arch='atto', stem_patch_size=3, layer_scale_init_value=1.0),
    head=dict(
        type='SARegClsHead',
        num_classes=7,
        in_channels=320,
        sa_weight=1.0,
        loss=dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.1),
    ),
)
