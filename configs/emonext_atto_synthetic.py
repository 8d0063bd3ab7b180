"""EmoNeXt-atto on drawn faces: no data, no GPU, no download; shows that everything works.

    python tools/train.py configs/emonext_atto_synthetic.py
"""
_base_ = [
    '_base_/models/emonext_atto_48.py',
    '_base_/datasets/synthetic_48.py',
    '_base_/schedules/scratch_cpu.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]

train_cfg = dict(max_epochs=10)
default_hooks = dict(visualization=dict(rescale_factor=6))  # 48 px have no room for a caption
