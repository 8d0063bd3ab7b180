"""EmoNeXt-tiny on FER2013 under the paper's recipe.

    python tools/train.py configs/emonext_tiny_fer2013.py

Without pretrained weights: --cfg-options model.backbone.init_cfg=None
Cost and result: not measured yet. Paper (Table II, FER2013 test accuracy): 73.34 %.
Origin of the values: see the files of `_base_`.
"""
_base_ = [
    '_base_/models/emonext_tiny.py',
    '_base_/datasets/fer2013_224.py',
    '_base_/schedules/paper.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]
