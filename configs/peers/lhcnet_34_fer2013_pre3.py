"""Third training of LHC-Net's trunk: without augmentation.

    python tools/train.py configs/peers/lhcnet_34_fer2013_pre3.py

Published: see lhcnet_34_fer2013.
Cost and result: not measured yet.
Origin of the values: the authors' code, step 3. Add the best checkpoint of step 2: --cfg-options load_from=FILE.
"""
_base_ = 'lhcnet_34_fer2013_pre2.py'

data_preprocessor = dict(view=dict(_delete_=True, type='AffineView', size=224))
default_hooks = dict(early_stopping=dict(patience=5))
