"""Ad-Corre on FER2013 under the common recipe for 224 px.

    python tools/train.py configs/peers/adcorre_xception_fer2013_common.py

Published: see adcorre_xception_fer2013.
Cost and result: not measured yet.
Origin of the values: `_base_/common_224.py`; the correlation terms and the factor of the cross entropy are
those of adcorre_xception_fer2013.
"""
_base_ = ['_base_/adcorre_xception.py', '_base_/common_224.py']

model = dict(head=dict(loss=dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.2, loss_weight=50 / 7)))
