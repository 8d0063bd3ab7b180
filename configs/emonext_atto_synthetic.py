"""EmoNeXt-atto on drawn faces, a test of the whole installation: no data, no GPU, no download.

    python tools/train.py configs/emonext_atto_synthetic.py

Cost: a minute and a half on two quiet cores of an AMD EPYC.
Result: test accuracy 93.8, 95.3, 95.6 % with seeds 0, 1, 2 (--cfg-options randomness.seed=...); without the STN
(data_preprocessor.localization_size=None) 84.1, 84.8, 84.8 %.
Origin of the values: ours, see below and the files of `_base_`.
"""
_base_ = [
    '_base_/models/emonext_atto_48.py',
    '_base_/datasets/synthetic_48.py',
    '_base_/schedules/scratch_cpu.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]

model = dict(backbone=dict(stem_patch_size=4))  # a step takes two thirds of its time with 3
train_cfg = dict(max_epochs=5)
# The 200 steps of warm-up in the base would be a third of this run.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
]
default_hooks = dict(visualization=dict(rescale_factor=6))  # 48 px are too few for a caption
