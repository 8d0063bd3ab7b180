"""ConvNeXt-tiny on FER2013 under the paper's recipe, the baseline.

    python tools/train.py configs/convnext_tiny_fer2013.py

From scratch (no weights to be had): add --cfg-options model.backbone.init_cfg=None
Cost and result: not measured here. Paper (Table II, FER2013 test accuracy): 71.99 %.
Origin of every value: the files of _base_ below say it beside each.
"""
_base_ = [
    '_base_/models/convnext_tiny.py',
    '_base_/datasets/fer2013_224.py',
    '_base_/schedules/paper.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]
