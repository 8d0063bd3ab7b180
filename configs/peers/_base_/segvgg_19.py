"""Segmentation VGG-19: VGG-19 with BN and masks in four of five stages, as in its code. 169,220,807 parameters.

From weights of ImageNet at once, as the file ``..._pretrain.py`` of the code; its other way is a training without masks
first. Which of them gave the published number is not known.
"""
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='MaskedVGG',
        depth=19,
        mask_depths=(1, 1, 1, None, 1),
        norm_cfg=dict(type='BN'),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/vgg/'
                       'vgg19_bn_batch256_imagenet_20210208-da620c4f.pth',
            prefix='backbone.',
        ),
    ),
    neck=dict(type='FlattenNeck', pool=7),
    head=dict(
        type='StackedLinearClsHead',
        num_classes=7,
        in_channels=25088,
        mid_channels=[4096, 4096],
        dropout_rate=0.5,
    ),
)
