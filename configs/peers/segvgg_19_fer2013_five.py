"""Segmentation VGG-19 with five masks, as in the figure of its paper; the code has four.

    python tools/train.py configs/peers/segvgg_19_fer2013_five.py

Published: see segvgg_19_fer2013. Which of both it was is not known.
Cost and result: not measured yet.
Origin of the values: segvgg_19_fer2013. 191,512,263 parameters.
"""
_base_ = 'segvgg_19_fer2013.py'

model = dict(backbone=dict(mask_depths=(1, 1, 1, 1, 1)))
