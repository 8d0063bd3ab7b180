"""EmoNeXt-xlarge on FER2013 under the paper's recipe.

    python tools/train.py configs/emonext_xlarge_fer2013.py

Without pretrained weights: --cfg-options model.backbone.init_cfg=None
Cost and result: not measured yet. Paper (Table II, FER2013 test accuracy): 76.12 %.
`with_cp` (ours) computes activations twice: less memory, more time.
Origin of the values: see the files of `_base_`.
"""
_base_ = 'emonext_tiny_fer2013.py'

model = dict(
    backbone=dict(arch='xlarge', with_cp=True, init_cfg=dict(checkpoint='timm://convnext_xlarge.fb_in22k')),
    head=dict(in_channels=2048),
)
