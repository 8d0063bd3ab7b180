"""EmoNeXt-small on FER2013 under the paper's recipe.

    python tools/train.py configs/emonext_small_fer2013.py

Without pretrained weights: --cfg-options model.backbone.init_cfg=None
Cost and result: not measured yet. Paper (Table II, FER2013 test accuracy): 74.33 %.
Origin of the values: see the files of `_base_`.
"""
_base_ = 'emonext_tiny_fer2013.py'

model = dict(
    backbone=dict(arch='small', init_cfg=dict(checkpoint='timm://convnext_small.fb_in22k')),
)
