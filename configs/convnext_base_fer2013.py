"""ConvNeXt-base on FER2013 under the paper's recipe, the baseline.

    python tools/train.py configs/convnext_base_fer2013.py

Without pretrained weights: --cfg-options model.backbone.init_cfg=None
Cost and result: not measured yet. Paper (Table II, FER2013 test accuracy): 73.22 %.
Origin of the values: see the files of `_base_`.
"""
_base_ = 'convnext_tiny_fer2013.py'

model = dict(
    backbone=dict(arch='base', init_cfg=dict(checkpoint='timm://convnext_base.fb_in22k')),
    head=dict(in_channels=1024),
)
