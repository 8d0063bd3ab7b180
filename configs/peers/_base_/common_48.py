"""The common recipe of nets that are made for small faces: 48 px, from scratch, AdamW, cosine, EMA, 24 epochs.

All values are ours, as in emonext_atto_fer2013_cpu. The configs set the label smoothing, 0.1.
"""
_base_ = [
    'grey_48.py',
    '../../_base_/datasets/fer2013_stored.py',
    '../../_base_/schedules/scratch_cpu.py',
    '../../_base_/evaluators.py',
    '../../_base_/default_runtime.py',
]

data_preprocessor = dict(padding_mode='border', view=dict(shift=5, degrees=15))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_dataloader = dict(batch_size=128)
train_cfg = dict(max_epochs=24)
