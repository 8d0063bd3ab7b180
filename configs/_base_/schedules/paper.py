"""The paper's schedule: AdamW at 1e-4, cosine, EMA, mixed precision.

Where the paper names a thing without a value, the value is the released code's: weight decay 0.01, EMA of
decay 0.99 every 16 steps. The number of epochs is ours: the released code's 300 with a stop after 12 epochs
without progress would never come near the end of the cosine.
"""
max_epochs = 30
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.01),
)
param_scheduler = dict(
    type='CosineAnnealingLR', T_max=max_epochs, by_epoch=True, begin=0, end=max_epochs, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
custom_hooks = [dict(type='EMAHook', momentum=0.01, interval=16, priority='ABOVE_NORMAL')]
auto_scale_lr = dict(base_batch_size=64)
