"""Deep Emotion on FER2013 (Minaee, Minaei & Abdolrashidi, arXiv 1902.01019), under its own recipe.

    python tools/train.py configs/peers/deepemotion_48_fer2013.py

Published: 70.02 %, of PrivateTest by the usual naming; re-implementations of this small net report 47 to 57 %.
Cost and result: not measured yet.
Origin of the values: Adam 0.005, 500 epochs, N(0, 0.05) and the penalty of the two linear layers as in the paper.
Inferred: the localisation network, dropout 0.5, batch 128, the weight of the penalty, the mirror images (the paper
augments its small data sets).
"""
_base_ = ['_base_/deepemotion_48.py', '_base_/grey_48.py', '_base_/own_recipe.py']

optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=0.005, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(decay_mult=0))),
)
param_scheduler = None
train_dataloader = dict(batch_size=128)
train_cfg = dict(max_epochs=500)
