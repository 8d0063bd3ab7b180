"""What the peers' own recipes share: the stored faces, the evaluation, no average of the weights."""
_base_ = [
    '../../_base_/datasets/fer2013_stored.py',
    '../../_base_/evaluators.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(drop_last=False)
train_cfg = dict(by_epoch=True, val_interval=1)
