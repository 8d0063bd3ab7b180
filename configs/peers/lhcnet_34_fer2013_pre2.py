"""Second training of LHC-Net's trunk: SGD, and other augmentation.

    python tools/train.py configs/peers/lhcnet_34_fer2013_pre2.py

Published: see lhcnet_34_fer2013.
Cost and result: not measured yet.
Origin of the values: the authors' code, step 2. Add the best checkpoint of step 1: --cfg-options load_from=FILE.
"""
_base_ = 'lhcnet_34_fer2013_pre.py'

data_preprocessor = dict(view=dict(shift=22.4, degrees=10, zoom=(0.9, 1.1)))
optim_wrapper = dict(optimizer=dict(_delete_=True, type='SGD', lr=0.01))
train_dataloader = dict(batch_size=64)
default_hooks = dict(early_stopping=dict(patience=10))
