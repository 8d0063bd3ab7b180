"""EmoNeXt-tiny on FER2013 at 64 px, from scratch, for one large GPU.

    python tools/train.py configs/emonext_tiny_fer2013_64.py

The stem has a stride of 2, so that the four stages see maps of 32, 16, 8 and 4 pixels.
Cost and result: not measured yet. Paper: 73.34 %, with weights of ImageNet at 224 px.
Origin of the values: the recipe of emonext_mini_fer2013_48, with more drop path for the larger model, a larger batch
for a GPU, and the paper's channels and blocks.
"""
_base_ = 'emonext_mini_fer2013_48.py'

data_preprocessor = dict(localization_size=64, view=dict(size=64, shift=6.67))
model = dict(
    backbone=dict(arch='tiny', se_after=(0, 1, 2, 3), out_indices=3, drop_path_rate=0.2),
    head=dict(in_channels=768),
)
tta_pipeline = [dict(type='ToGrey'), dict(type='TenViews', size=64, resize=69.3)]
train_dataloader = dict(batch_size=256, num_workers=2)
optim_wrapper = dict(optimizer=dict(lr=4e-3))
train_cfg = dict(max_epochs=60)
