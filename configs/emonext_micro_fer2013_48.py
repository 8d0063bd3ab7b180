"""EmoNeXt-mini at half the channels and a third of the epochs, for experiments that repeat trainings.

    python tools/train.py configs/emonext_micro_fer2013_48.py

Cost: about 35 minutes on one core of an AMD EPYC, 0.50 s for 128 images, 0.78 million parameters.
Result: 63.02 % on PublicTest, three seeds, best epoch chosen there (docs/results/ablations_48.md, run `full`).
Origin of the values: those of emonext_mini_fer2013_48.
"""
_base_ = 'emonext_mini_fer2013_48.py'

model = dict(
    backbone=dict(arch=dict(channels=[32, 64, 128])),
    head=dict(in_channels=128),
)
train_cfg = dict(max_epochs=16)
