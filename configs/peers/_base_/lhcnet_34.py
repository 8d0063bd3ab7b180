"""LHC-Net: ResNet-34 v2 with channel attention after the stem and each stage. 32,396,302 parameters.

Deviation: without weights of ImageNet, which their code takes from a Keras file.
"""
model = dict(
    type='ImageClassifier',
    backbone=dict(type='LHCNet'),
    neck=dict(type='FlattenNeck', pool=1),
    head=dict(
        type='StackedLinearClsHead',
        num_classes=7,
        in_channels=512,
        mid_channels=[4096, 1024],
        dropout_rate=0.4,
    ),
)
