"""EmoNeXt-tiny on FER2013 as the authors' released code trains it.

    python tools/train.py configs/emonext_tiny_fer2013_released.py
    python tools/test.py configs/emonext_tiny_fer2013_released.py work_dirs/emonext_tiny_fer2013_released --tta

A checkpoint of the authors' own code runs here after tools/convert_checkpoint.py --source released.
Cost and result: not measured here. Paper (Table II, FER2013 test accuracy): 73.34 %.
What is reproduced on purpose, though it is odd, stands at the top of the ``released`` files of _base_.
"""
_base_ = [
    '_base_/models/emonext_tiny_released.py',
    '_base_/datasets/fer2013_224_released.py',
    '_base_/schedules/released.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]

tta_model = dict(type='AverageLogitTTA')
default_hooks = dict(
    early_stopping=dict(type='EarlyStopping', patience=12),
    checkpoint=dict(save_best=None),  # the last average is tested
)
