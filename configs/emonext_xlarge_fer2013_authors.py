"""EmoNeXt-xlarge on FER2013 as the authors' code trains it.

    python tools/train.py configs/emonext_xlarge_fer2013_authors.py
    python tools/test.py configs/emonext_xlarge_fer2013_authors.py work_dirs/emonext_xlarge_fer2013_authors --tta

tools/convert_checkpoint.py --source authors converts a checkpoint of the authors' code for this config.
Cost and result: not measured yet. Paper (Table II, FER2013 test accuracy): 76.12 %.
`with_cp` (ours) computes activations twice: less memory, more time.
Origin of the values: the authors' code; the `authors` files of `_base_` list its deviations from the paper.
"""
_base_ = 'emonext_tiny_fer2013_authors.py'

model = dict(
    backbone=dict(arch='xlarge', with_cp=True, init_cfg=dict(checkpoint='timm://convnext_xlarge.fb_in22k')),
    head=dict(in_channels=2048),
)
