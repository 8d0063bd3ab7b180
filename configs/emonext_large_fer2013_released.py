"""EmoNeXt-large on FER2013 as the authors' released code trains it.

    python tools/train.py configs/emonext_large_fer2013_released.py
    python tools/test.py configs/emonext_large_fer2013_released.py work_dirs/emonext_large_fer2013_released --tta

A checkpoint of the authors' own code runs here after tools/convert_checkpoint.py --source released.
Cost and result: not measured here. Paper (Table II, FER2013 test accuracy): 75.57 %.
Activations are computed twice (with_cp): memory for time; ours.
What is reproduced on purpose, though it is odd, stands at the top of the ``released`` files of _base_.
"""
_base_ = 'emonext_tiny_fer2013_released.py'

model = dict(
    backbone=dict(arch='large', with_cp=True, init_cfg=dict(checkpoint='timm://convnext_large.fb_in22k')),
    head=dict(in_channels=1536),
)
