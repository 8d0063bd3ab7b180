"""EmoNeXt-tiny on FER2013 as the authors' code trains it.

    python tools/train.py configs/emonext_tiny_fer2013_authors.py
    python tools/test.py configs/emonext_tiny_fer2013_authors.py work_dirs/emonext_tiny_fer2013_authors --tta

tools/convert_checkpoint.py --source authors converts a checkpoint of the authors' code for this config.
Cost and result: not measured yet. Paper (Table II, FER2013 test accuracy): 73.34 %.
Origin of the values: the authors' code; the `authors` files of `_base_` list its deviations from the paper.
"""
_base_ = [
    '_base_/models/emonext_tiny_authors.py',
    '_base_/datasets/fer2013_224_authors.py',
    '_base_/schedules/authors.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]

tta_model = dict(type='AverageLogitTTA')
default_hooks = dict(
    early_stopping=dict(type='EarlyStopping', patience=12),
    checkpoint=dict(save_best=None),  # the test uses the last average
)
