"""LHC-NetC on FER2013 (Pecoraro, Basile & Bono, 2022): five gates of a trained LHC-Net learn, nothing else.

    python tools/train.py configs/peers/lhcnetc_34_fer2013.py

Published: 74.28 %, of PrivateTest, almost surely the mean of 62 views; by their README from a lucky trunk.
Cost and result: not measured yet.
Origin of the values: the authors' code, step 5. Add the best checkpoint of lhcnet_34_fer2013: --cfg-options
load_from=FILE. 32,396,307 parameters. Test its views with `--tta`.
"""
_base_ = 'lhcnet_34_fer2013.py'

model = dict(backbone=dict(gates=(0.0, 0.0, 0.0, -1.0, -0.5), norm_eval=True))
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=1e-4),
    paramwise_cfg=dict(custom_keys={
        'backbone': dict(lr_mult=0),
        'backbone.gates': dict(lr_mult=1.0),
        'head': dict(lr_mult=0),
    }),
)
train_dataloader = dict(batch_size=32)
default_hooks = dict(early_stopping=dict(patience=1))
