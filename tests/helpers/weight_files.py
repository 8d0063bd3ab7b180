"""Checkpoints in the formats of timm, Facebook and MMPretrain, made from the weights of a timm model."""
import re

import torch

from emonext_mm.models.weights.convnext import to_backbone


def facebook_keys(weights):
    """Rename timm's keys to those of Facebook's models/convnext.py (commit 048efce)."""
    names = {'stem.': 'downsample_layers.0.', 'head.norm.': 'norm.', 'head.fc.': 'head.'}
    renamed = {}
    for key, value in weights.items():
        for old, new in names.items():
            key = key.replace(old, new) if key.startswith(old) else key
        key = re.sub(r'^stages\.(\d)\.downsample\.', r'downsample_layers.\1.', key)
        key = key.replace('.blocks.', '.').replace('conv_dw', 'dwconv').replace('mlp.fc', 'pwconv')
        renamed[key] = value
    return renamed


def make_checkpoint(source, weights):
    """Convert timm's weights to the content of a file of ``source``."""
    backbone = to_backbone(weights, 'timm')
    return dict(
        timm=weights,
        facebook=dict(model=facebook_keys(weights)),
        mmpretrain=dict(meta={}, state_dict={
            **{f'backbone.{key}': value for key, value in backbone.items()}, 'head.fc.weight': torch.zeros(11, 8)}),
    )[source]
