"""Deep Emotion: four convolutions of ten channels, their map warped by a localisation network. 47,657 parameters."""
model = dict(
    type='ImageClassifier',
    backbone=dict(type='DeepEmotion'),
    head=dict(
        type='StackedLinearClsHead',
        num_classes=7,
        in_channels=810,
        mid_channels=[50],
        init_cfg=dict(type='Normal', layer='Linear', std=0.05),
    ),
)
