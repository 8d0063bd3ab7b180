"""Ad-Corre: Xception from ImageNet, seven embeddings of 256 values, correlation losses. 24,491,311 parameters.

The weights are Keras's, in timm's port.
"""
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='TIMMBackbone',
        model_name='legacy_xception',
        init_cfg=dict(type='Pretrained', checkpoint='timm_backbone://legacy_xception.tf_in1k'),
    ),
    neck=dict(type='FlattenNeck', pool=1),
    head=dict(type='AdCorreClsHead', num_classes=7, in_channels=2048),
)
