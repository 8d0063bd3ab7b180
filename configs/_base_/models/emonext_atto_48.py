"""EmoNeXt-atto for 48 px faces and training from scratch: STN, SE and element attention as at 224 px.

A stem of stride 3 (ours) leaves 16 x 16 places, where a stride of 4 would leave 12 x 12 and a last stage of
one place. Layer scale starts at 1 (ours): ConvNeXt's 1e-6 opens the blocks too slowly for a short run.
"""
# FER2013's mean and standard deviation; three of them make three channels of a grey batch.
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
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
    ),
)
