"""LHC-Net on FER2013 (Pecoraro, Basile & Bono, 2022): attention in a trained trunk, everything learns.

    python tools/train.py configs/peers/lhcnet_34_fer2013.py

Published: 74.42 %, of PrivateTest, almost surely the mean of 62 views; by their README from a lucky trunk.
Cost and result: not measured yet.
Origin of the values: the authors' code, step 4. Add the best checkpoint of lhcnet_34_fer2013_pre3: --cfg-options
load_from=FILE. The steps before: lhcnet_34_fer2013_pre, _pre2, _pre3. Test its views with `--tta`.
"""
_base_ = 'lhcnet_34_fer2013_pre3.py'

model = dict(backbone=dict(attention=((8, 196), (8, 196), (7, 56), (7, 14), (1, 25))))
default_hooks = dict(early_stopping=dict(patience=3))
