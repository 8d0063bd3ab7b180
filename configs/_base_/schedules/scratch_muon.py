"""``scratch_cpu.py`` with Muon in place of AdamW, all values ours.

Muon updates the matrices of pointwise, downsampling and SE layers; AdamW updates everything else. Needs timm 1.0.22. A
config sets its own ``max_epochs``.
"""
_base_ = ['scratch_cpu.py']

optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='TimmMuon', lr=3e-3, weight_decay=0.1, nesterov=True, betas=(0.9, 0.98)),
    paramwise_cfg=dict(custom_keys={
        'localization': dict(use_fallback=True),
        'downsample_layers.0': dict(use_fallback=True),
        'depthwise_conv': dict(use_fallback=True),
        'head': dict(use_fallback=True),
    }),
)
auto_scale_lr = dict(base_batch_size=128)
