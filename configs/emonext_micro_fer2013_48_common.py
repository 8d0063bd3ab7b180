"""EmoNeXt-micro on FER2013 under the common recipe of those peers of Table II that are made for 48 px.

    python tools/train.py configs/emonext_micro_fer2013_48_common.py

Cost: about 70 minutes on one core that other work shared, 1.5 GB.
Result: 58.90 % on PublicTest (57.28 to 60.50), seed 0, best epoch (23) chosen there (docs/results/peers_48.md). Under
its own recipe, in 16 epochs: 63.02 %, emonext_micro_fer2013_48.
Origin of the values: `peers/_base_/common_48.py`; net as in emonext_micro_fer2013_48, without drop path.
"""
_base_ = ['_base_/models/emonext_mini_net.py', 'peers/_base_/common_48.py']

data_preprocessor = dict(localization_size=48)
model = dict(
    backbone=dict(arch=dict(channels=[32, 64, 128])),
    head=dict(in_channels=128),
)
