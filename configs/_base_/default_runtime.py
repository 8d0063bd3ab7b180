"""Settings of all configs: registration, hooks, logging, seed."""
custom_imports = dict(imports=['emonext_mm'], allow_failed_imports=False)
default_scope = 'mmpretrain'

default_hooks = dict(
    runtime_info=dict(type='LateLosses'),  # no wait for the device at every step
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # The best epoch is chosen on the validation split (PublicTest), never on the test split.
    checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=2, save_best='accuracy/top1', rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # With several processes, validation and checkpoints use the mean of their BatchNorm statistics.
    sync_buffers=dict(type='SyncBuffersHook'),
    visualization=dict(type='FirstViewVisualizationHook', enable=False),
)

env_cfg = dict(
    cudnn_benchmark=True,  # all inputs have one size
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='GreyVisualizer', vis_backends=vis_backends)

log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0)
