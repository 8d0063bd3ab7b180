"""EmoNeXt-atto on FER2013 at 48 px, from scratch, for people without a GPU.

    python tools/train.py configs/emonext_atto_fer2013_cpu.py
"""
_base_ = [
    '_base_/models/emonext_atto_48.py',
    '_base_/datasets/fer2013_48.py',
    '_base_/schedules/scratch_cpu.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]

train_cfg = dict(max_epochs=20)
default_hooks = dict(visualization=dict(rescale_factor=6))  # 48 px have no room for a caption
