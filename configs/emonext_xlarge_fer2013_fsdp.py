"""EmoNeXt-xlarge whose weights, gradients and optimizer states are spread over the GPUs (FSDP), for small cards.

    tools/dist_train.sh configs/emonext_xlarge_fer2013_fsdp.py 4

Cost and result: not measured yet. Settings and values are those of `emonext_xlarge_fer2013.py`, but for mixed precision
in bfloat16 (ours), whose gradients need no scale. The batch size is that of one process.
"""
_base_ = 'emonext_xlarge_fer2013.py'

custom_imports = dict(imports=['emonext_mm', 'emonext_mm.engine.sharding', 'emonext_mm.engine.hooks.sharded_ema'])
runner_type = 'FlexibleRunner'
strategy = dict(type='ShardedStrategy', blocks=['ConvNeXtBlock'])
optim_wrapper = dict(dtype='bfloat16', loss_scale=dict(_delete_=True, enabled=False))
custom_hooks = [dict(type='ShardedEMAHook', momentum=0.01, interval=16, priority='ABOVE_NORMAL')]
