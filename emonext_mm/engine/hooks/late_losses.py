"""Logging of losses without a wait for the GPU in every step."""
from __future__ import annotations

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch.distributed.tensor import DTensor


@HOOKS.register_module()
class LateLosses(RuntimeInfoHook):
    """Replacement for MMEngine's ``RuntimeInfoHook`` that reads losses only when they are logged.

    MMEngine copies each loss and the gradient norm to the CPU in every step. The CPU waits for the GPU meanwhile, and
    afterwards the GPU waits for the CPU to prepare the next step. Here the values stay on the GPU until a log line is
    due, and are copied together. Logs, and the checkpoints at the end of an epoch, are the same.

    With several processes, a logged loss is the mean over their batches, while MMEngine logs that of the first process.
    All processes must flush at the same steps, as they do with equal numbers of batches. ::

        default_hooks = dict(runtime_info=dict(type='LateLosses'))
    """

    def before_train(self, runner: Runner) -> None:
        super().before_train(runner)
        intervals = [hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)]
        self._interval = min(intervals, default=1)
        self._pending: list[dict[str, torch.Tensor]] = []  # losses of each step since the last log line
        self._norms: dict[str, torch.Tensor] = {}
        self._intercept_norm(runner.optim_wrapper)

    def _intercept_norm(self, wrapper) -> None:
        """Store the gradient norm here and hide it from the wrapper, which would copy it to the CPU at once."""
        if not getattr(wrapper, 'clip_grad_kwargs', None):  # no clipping, or several optimizers
            return
        clip = wrapper.clip_func

        def clip_func(*args, **kwargs) -> None:
            norm = clip(*args, **kwargs)
            if norm is not None:  # None if gradients are clipped by value
                self._norms[wrapper.grad_name] = norm.full_tensor() if isinstance(norm, DTensor) else norm

        wrapper.clip_func = clip_func

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        self._pending.append({**self._norms, **(outputs or {})})
        self._norms.clear()
        if self.every_n_inner_iters(batch_idx, self._interval) or self.end_of_epoch(runner.train_dataloader, batch_idx):
            self.flush(runner)

    def after_train(self, runner: Runner) -> None:
        self.flush(runner)
        super().after_train(runner)

    def flush(self, runner: Runner) -> None:
        """Copy all pending values to the CPU at once, as means over the processes, and log them in order."""
        if not self._pending:
            return
        values = torch.stack([value.detach().float().reshape(()) for step in self._pending for value in step.values()])
        all_reduce(values, 'mean')
        numbers = iter(values.tolist())
        for step in self._pending:
            for key in step:
                runner.message_hub.update_scalar(f'train/{key}', next(numbers))
        self._pending.clear()
