"""Residual Masking Network: ResNet-34 with a mask after each stage, from ImageNet. 137,796,423 parameters.

The masks start at random; the published model did so too, while the repository's code of today has no weights at all.
"""
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResMaskingNet',
        depth=34,
        mask_depths=(4, 3, 2, 1),
        zero_init_residual=False,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet34'),
    ),
    neck=dict(type='FlattenNeck', pool=1, dropout=0.4),
    head=dict(type='LinearClsHead', num_classes=7, in_channels=512),
)
