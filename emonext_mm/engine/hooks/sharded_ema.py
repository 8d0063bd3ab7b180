"""Exponential moving average (EMA) of a sharded model."""
from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.runner import FlexibleRunner, Runner
from mmpretrain.registry import HOOKS
from torch import Tensor
from torch.distributed.tensor import DTensor

from emonext_mm.engine.hooks.ema import momentum_at


@HOOKS.register_module()
class ShardedEMAHook(Hook):
    """``EMAHook`` with ``ForeachEMA`` for :class:`~emonext_mm.engine.sharding.ShardedStrategy`.

    MMEngine's hook copies the model, which a sharded one refuses, and ``FlexibleRunner`` loads a checkpoint before the
    hook has made its copy. Here each process averages its own shards. Averages and keys of checkpoints are the same.

    Args:
        momentum, gamma, interval: as in :class:`~emonext_mm.engine.hooks.ema.ForeachEMA`.
    """

    def __init__(self, momentum: float = 0.0002, gamma: float = 0, interval: int = 1) -> None:
        self.momentum, self.gamma, self.interval = momentum, gamma, interval
        self._averages: list[Tensor] = []  # one of each parameter's shard; empty outside of a training
        self._loaded: dict[str, Tensor] = {}  # averages of a checkpoint, whole
        self._steps = 0

    def after_load_checkpoint(self, runner: FlexibleRunner, checkpoint: dict) -> None:
        """Resume with the raw weights, which a checkpoint has as its average, and the other way round."""
        stored = checkpoint.get('ema_state_dict')
        if stored is None or not runner.cfg.get('resume'):
            return
        self._loaded, self._steps = dict(checkpoint['state_dict']), int(stored['steps'])
        checkpoint['state_dict'].update({key.removeprefix('module.'): value for key, value in stored.items()
                                         if key != 'steps'})

    @torch.no_grad()
    def before_train(self, runner: FlexibleRunner) -> None:
        """Start with the weights of the model, or with the averages of the checkpoint."""
        self._averages = [shard.clone() for shard in _shards(runner)]
        if self._loaded:  # into the model, so that each process gets its shards, and out of it again
            runner.strategy.load_model_state_dict(self._loaded)
            self._loaded = {}
            self._swap(runner)

    @torch.no_grad()
    def after_train_iter(self, runner: FlexibleRunner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        """Update the averages."""
        if self._steps % self.interval == 0:
            momentum = momentum_at(self._steps, self.momentum, self.gamma) if self._steps else 1.0
            torch._foreach_lerp_(self._averages, _shards(runner), momentum)
        self._steps += 1

    def before_val_epoch(self, runner: Runner | FlexibleRunner) -> None:
        """Validate the averages."""
        self._swap(runner)

    def after_val_epoch(self, runner: Runner | FlexibleRunner, metrics: dict | None = None) -> None:
        """Go on with the raw weights."""
        self._swap(runner)

    def before_save_checkpoint(self, runner: FlexibleRunner, checkpoint: dict) -> None:
        """Save the averages as the weights of the model, and the raw weights as ``ema_state_dict``."""
        self._swap(runner)
        averages = runner.strategy.model_state_dict()
        self._swap(runner)
        raw, checkpoint['state_dict'] = checkpoint['state_dict'], averages
        checkpoint['ema_state_dict'] = {'steps': torch.tensor(self._steps),
                                        **{f'module.{key}': value for key, value in raw.items()}}

    @torch.no_grad()
    def _swap(self, runner: Runner | FlexibleRunner) -> None:
        if self._averages:
            raw = [shard.clone() for shard in _shards(runner)]
            _copy(self._averages, _shards(runner))
            self._averages = raw


def _shards(runner: Runner | FlexibleRunner) -> list[Tensor]:
    """The part of each parameter that this process has: all of it where nothing is sharded."""
    parameters = [parameter.detach() for parameter in runner.model.parameters()]
    return [each.to_local() if isinstance(each, DTensor) else each for each in parameters]


def _copy(sources: list[Tensor], targets: list[Tensor]) -> None:
    for source, target in zip(sources, targets):
        target.copy_(source)
