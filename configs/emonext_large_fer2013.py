"""EmoNeXt-large on FER2013 under the paper's recipe.

    python tools/train.py configs/emonext_large_fer2013.py

From scratch (no weights to be had): add --cfg-options model.backbone.init_cfg=None
Cost and result: not measured here. Paper (Table II, FER2013 test accuracy): 75.57 %.
Activations are computed twice (with_cp): memory for time.
Origin of every value: the files of _base_ below say it beside each.
"""
_base_ = 'emonext_tiny_fer2013.py'

model = dict(
    backbone=dict(arch='large', with_cp=True, init_cfg=dict(checkpoint='timm://convnext_large.fb_in22k')),
    head=dict(in_channels=1536),
)
