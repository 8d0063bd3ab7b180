"""Deep Emotion on FER2013 under the common recipe for 48 px.

    python tools/train.py configs/peers/deepemotion_48_fer2013_common.py

Published: see deepemotion_48_fer2013.
Cost: 37 minutes for the 24 epochs, without validation, on a core of an AMD EPYC that other trainings shared: 0.21 s
for 128 images, the median; 0.13 s for the fastest.
Result: 47.81 % on PublicTest (46.18 to 49.45), seed 0, best epoch (22) chosen there (docs/results/peers_48.md).
Origin of the values: `_base_/common_48.py`; net as in deepemotion_48_fer2013.
"""
_base_ = ['_base_/deepemotion_48.py', '_base_/common_48.py']

model = dict(head=dict(loss=dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.1)))
