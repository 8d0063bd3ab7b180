"""Khaireddin & Chen's VGG: eight convolutions in four stages, three linear layers, one grey channel.

29,890,759 parameters at 40 px. Dropout follows the activation, which is the same as before it.
"""
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='MaskedVGG',
        depth=13,
        mask_depths=None,
        in_channels=1,
        num_stages=4,
        dilations=(1, 1, 1, 1),
        out_indices=(3, ),
        norm_cfg=dict(type='BN'),
        init_cfg=None,  # PyTorch's first values, as in their code
    ),
    neck=dict(type='FlattenNeck'),
    head=dict(
        type='StackedLinearClsHead',
        num_classes=7,
        in_channels=2048,
        mid_channels=[4096, 4096],
        dropout_rate=0.2,
    ),
)
