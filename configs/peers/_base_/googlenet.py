"""GoogLeNet with its two auxiliary classifiers, from ImageNet. 5,607,079 parameters, 9,951,413 in training."""
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='GoogLeNet',
        num_classes=7,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://googlenet'),
    ),
    head=dict(type='AuxClsHead', aux_weight=0.3),
)
