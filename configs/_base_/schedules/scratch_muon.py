"""Training from scratch with Muon, all values ours: a short linear warm-up, cosine, bfloat16 autocast, EMA.

Muon updates the matrices of pointwise, downsampling and SE layers; AdamW updates everything else. Needs timm 1.0.22. A
config sets its own ``max_epochs``.
"""
fallback = dict(use_fallback=True)
optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(type='TimmMuon', lr=3e-3, weight_decay=0.1, nesterov=True, betas=(0.9, 0.98)),
    paramwise_cfg=dict(custom_keys={
        # The STN moves the input of all other layers: a tenth of the rate, a precaution without an ablation.
        'localization': dict(lr_mult=0.1, use_fallback=True),
        'downsample_layers.0': fallback,
        'depthwise_conv': fallback,
        'head': fallback,
    }),
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
auto_scale_lr = dict(base_batch_size=128)
