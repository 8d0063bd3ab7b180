"""Losses that are read when they are logged, and not before."""
from __future__ import annotations

import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class LateLosses(RuntimeInfoHook):
    """The host's ``RuntimeInfoHook``, in whose place it stands, without a wait for the device at every step.

    The host reads each loss, and the norm of clipped gradients, after every step, for which the CPU waits until the
    device has computed them; meanwhile it prepares nothing, and the device then waits for it. Here they stay on the
    device until the log is due, and are read together. What is logged, and saved in a checkpoint at the end of an
    epoch, is the same. ::

        default_hooks = dict(runtime_info=dict(type='LateLosses'))
    """

    def before_train(self, runner: Runner) -> None:
        super().before_train(runner)
        loggers = [hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)]
        self._interval = min(loggers, default=1)
        self._held: list[dict[str, torch.Tensor]] = []
        self._norms: dict[str, torch.Tensor] = {}
        self._hold_norm(runner.optim_wrapper)

    def _hold_norm(self, wrapper) -> None:
        """Keep the norm for ourselves: the wrapper would read it at once."""
        if not getattr(wrapper, 'clip_grad_kwargs', None):  # no clipping, or several optimizers
            return
        clip = wrapper.clip_func

        def clip_func(*args, **kwargs) -> None:
            norm = clip(*args, **kwargs)
            if norm is not None:  # gradients clipped by value have none
                self._norms[wrapper.grad_name] = norm

        wrapper.clip_func = clip_func

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        self._held.append({**self._norms, **(outputs or {})})
        self._norms.clear()
        if self.every_n_inner_iters(batch_idx, self._interval) or self.end_of_epoch(runner.train_dataloader, batch_idx):
            self._read(runner)

    def after_train(self, runner: Runner) -> None:
        self._read(runner)
        super().after_train(runner)

    def _read(self, runner: Runner) -> None:
        if not self._held:
            return
        values = [value.detach().float().reshape(()) for step in self._held for value in step.values()]
        numbers = iter(torch.stack(values).tolist())
        for step in self._held:
            for key in step:
                runner.message_hub.update_scalar(f'train/{key}', next(numbers))
        self._held.clear()
