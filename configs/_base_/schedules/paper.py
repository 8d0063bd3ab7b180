"""The paper's schedule: AdamW at 1e-4, cosine, EMA, mixed precision.

Where the paper names a method without a value, the value is that of the authors' code: weight decay 0.01, EMA of
decay 0.99 every 16 steps. The number of epochs is ours: the authors' 300 with a stop after 12 epochs without progress
would end long before the cosine does.
"""
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.01, fused=True),
)
# The cosine ends where training ends.
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=1)
custom_hooks = [dict(type='EMAHook', ema_type='ForeachEMA', momentum=0.01, interval=16, priority='ABOVE_NORMAL')]
auto_scale_lr = dict(base_batch_size=64)
