"""SE-Net50 of Khanzada, Bai & Celepcikay on FER2013, under its own recipe, from weights of VGGFace2 as theirs.

    python tools/train.py configs/peers/seresnet_50_fer2013_vggface2.py

Published: see seresnet_50_fer2013.
Cost and result: not measured yet.
Origin of the values: seresnet_50_fer2013. Fetch the file `senet50_ft_weight.pkl`, which the page of
https://github.com/cydonia999/VGGFace2-pytorch links to, into `data/vggface2`.
"""
_base_ = 'seresnet_50_fer2013.py'

model = dict(backbone=dict(
    style='caffe',
    init_cfg=dict(
        _delete_=True,
        type='Pretrained',
        checkpoint='vggface2://data/vggface2/senet50_ft_weight.pkl',
    ),
))
