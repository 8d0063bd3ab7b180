"""The schedule of the authors' code, all values theirs (``train.py`` and ``scheduler.py``, commit ce77dc1).

Deviations from good practice, reproduced on purpose:

- ``--lr`` has no effect there: the rate rises to 1e-3 in 128 steps and falls to 0 along half a cosine, and this cycle
  restarts every 1024 steps, independently of the epochs;
- gradients are clipped to a norm of 1 before the loss scale is divided out, so to almost nothing;
- validation uses the raw weights; the average, of decay 0.99 every 16 steps, is for the test alone;
- training stops after 12 epochs without a better validation accuracy, and the test uses the last average, not the best
  one: ``default_hooks`` of the configs keep no best checkpoint, so that ``tools/test.py`` takes the last.
"""
optim_wrapper = dict(
    type='ScaledClipAmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01, fused=True),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = dict(type='WarmRestartLR', warmup=128, period=1024, by_epoch=False)
train_cfg = dict(by_epoch=True, max_epochs=300, val_interval=1)
# gamma, power and start are the defaults of ema_pytorch, which the authors use: the average equals the weights up to
# step 100; then the momentum falls to 0.01 by about step 1100.
custom_hooks = [dict(type='RawValidationEMAHook', ema_type='ForeachEMA', momentum=0.01, interval=16, gamma=1,
                     power=2 / 3, start=100, update_buffers=True, priority='ABOVE_NORMAL')]
auto_scale_lr = dict(base_batch_size=64)
