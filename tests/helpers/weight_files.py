"""Checkpoint files as Facebook, timm and OpenMMLab write them, made from a model of timm's."""
import re

import torch

from emonext_mm.models.weights.convnext import to_backbone


def facebooks_keys(weights):
    """What Facebook's models/convnext.py (commit 048efce) calls the parameters that timm took from it."""
    names = {'stem.': 'downsample_layers.0.', 'head.norm.': 'norm.', 'head.fc.': 'head.'}
    renamed = {}
    for key, value in weights.items():
        for old, new in names.items():
            key = key.replace(old, new) if key.startswith(old) else key
        key = re.sub(r'^stages\.(\d)\.downsample\.', r'downsample_layers.\1.', key)
        key = key.replace('.blocks.', '.').replace('conv_dw', 'dwconv').replace('mlp.fc', 'pwconv')
        renamed[key] = value
    return renamed


def files_of(source, weights):
    """What the source's file of these weights of timm's holds."""
    hosts = to_backbone(weights, 'timm')
    return dict(
        timm=weights,
        facebook=dict(model=facebooks_keys(weights)),
        mmpretrain=dict(meta={}, state_dict={
            **{f'backbone.{key}': value for key, value in hosts.items()}, 'head.fc.weight': torch.zeros(11, 8)}),
    )[source]
