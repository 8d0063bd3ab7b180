"""Khanzada, Bai & Celepcikay's ResNet50: the original ResNet-50, and a head of three linear layers with dropout.

36,103,239 parameters. Deviation: weights of ImageNet, which can be downloaded; theirs are of VGGFace2, as in
resnet_50_fer2013_vggface2.
"""
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet',
        depth=50,
        style='caffe',  # the stride is in the first convolution of a block
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://detectron2/resnet50_caffe'),
    ),
    neck=dict(type='FlattenNeck', pool=1, dropout=0.5),
    head=dict(
        type='StackedLinearClsHead',
        num_classes=7,
        in_channels=2048,
        mid_channels=[4096, 1024],
        dropout_rate=0.5,
    ),
)
