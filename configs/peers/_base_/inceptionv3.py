"""MMPretrain's Inception-v3 from ImageNet. 21,799,911 parameters; no auxiliary classifier, which needs 299 px."""
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='InceptionV3',
        num_classes=7,
        aux_logits=False,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/inception-v3/'
            'inception-v3_3rdparty_8xb32_in1k_20220615-dcd4d910.pth',
            prefix='backbone',
        ),
    ),
    head=dict(type='AuxClsHead'),
)
