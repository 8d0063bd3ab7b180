"""Khanzada, Bai & Celepcikay's SE-Net50: SE-ResNet-50, and the head of their ResNet50.

38,634,231 parameters. Deviations: weights of ImageNet, theirs are of VGGFace2; and with these weights the stride is in
the 3 x 3 convolution of a block, theirs is in the first one (``style='caffe'``). Neither in
seresnet_50_fer2013_vggface2.
"""
_base_ = 'resnet_50.py'

model = dict(backbone=dict(
    type='SEResNet',
    style='pytorch',
    init_cfg=dict(
        checkpoint='https://download.openmmlab.com/mmclassification/v0/se-resnet/'
                   'se-resnet50_batch256_imagenet_20200804-ae206104.pth',
        prefix='backbone.',
    ),
))
