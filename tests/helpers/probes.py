"""A hook for the test config: dies when told to, says in which precision it runs, keeps the weights it has seen."""
import os
import signal
from pathlib import Path

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS


@HOOKS.register_module()
class Probe(Hook):
    """Args: kill_after_iter, kill_at_save: the iteration, the epoch, in which the process gets a SIGKILL; kill_rank:
    only the process of this rank does, and only before torchrun has restarted it; spoil_after_iter: the iteration
    after which a weight is no number."""

    priority = 'VERY_HIGH'  # before EMAHook

    def __init__(self, kill_after_iter=None, kill_at_save=None, kill_rank=None, spoil_after_iter=None):
        restarted = os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') != '0'
        if kill_rank is not None and (restarted or get_rank() != kill_rank):
            kill_after_iter = kill_at_save = None
        self.spoil_after_iter = spoil_after_iter
        self.kill_after_iter = kill_after_iter
        self.kill_at_save = kill_at_save
        self.raw_weights = []

    def after_train_iter(self, runner, *args, **kwargs):
        self.raw_weights.append(get_last_weight(runner.model).detach().clone())
        if runner.iter + 1 == self.kill_after_iter:
            os.kill(os.getpid(), signal.SIGKILL)
        if runner.iter + 1 == self.spoil_after_iter:
            get_last_weight(runner.model).data[0, 0] = torch.nan

    def before_save_checkpoint(self, runner, checkpoint):
        if checkpoint['meta']['epoch'] == self.kill_at_save:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_val_iter(self, runner, *args, **kwargs):
        """What an epoch is validated with, in each process."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        torch.save(model.state_dict(), Path(runner.work_dir) / f'validated_{runner.epoch}_{get_rank()}.pt')

    def after_train(self, runner):
        torch.save(self.raw_weights, Path(runner.work_dir) / 'raw_weights.pt')

    def before_run(self, runner):
        def log_once(module, args, output):
            handle.remove()
            runner.logger.info(f'logits in {output.dtype}')

        # In the head, since a hook inside of a compiled backbone would take it apart.
        logits = next(module for name, module in runner.model.named_modules() if name.endswith('head.fc'))
        handle = logits.register_forward_hook(log_once)


def get_last_weight(model):
    return next(p for name, p in model.named_parameters() if name.endswith('head.fc.weight'))
