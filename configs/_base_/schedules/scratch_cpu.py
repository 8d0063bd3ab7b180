"""Training from scratch on a CPU, all values ours: AdamW, a short linear warm-up, cosine, bfloat16 autocast, EMA.

A config sets its own ``max_epochs``.
"""
optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=dict(enabled=False),  # bfloat16 has the range of float32
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05, fused=True),
    constructor='GroupedOptimWrapperConstructor',
    # The STN moves the input of all other layers: a tenth of the rate, a precaution without an ablation.
    paramwise_cfg=dict(custom_keys=dict(localization=dict(lr_mult=0.1))),
    clip_grad=dict(max_norm=5.0),
)
# The cosine ends where training ends.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=200),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, val_interval=1)
# Annealed (gamma): without it the average would still contain the random first weights at the end of a short run.
custom_hooks = [dict(type='EMAHook', ema_type='ForeachEMA', momentum=2e-3, gamma=10, priority='ABOVE_NORMAL')]
auto_scale_lr = dict(base_batch_size=64)
