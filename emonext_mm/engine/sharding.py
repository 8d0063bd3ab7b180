"""Training of a model whose weights, gradients and optimizer states are spread over the processes."""
from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from typing import Any

import mmengine
import torch
from mmengine._strategy import DDPStrategy
from mmengine.device import get_device
from mmengine.dist import get_world_size, is_distributed, is_main_process
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.registry import MODEL_WRAPPERS, STRATEGIES
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from emonext_mm.utils.files import write_atomic

_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)


@STRATEGIES.register_module()
class ShardedStrategy(DDPStrategy):
    """Strategy of ``FlexibleRunner``: PyTorch's ``fully_shard`` (FSDP2), for models with an STN, on GPUs and CPUs.

    ``FSDPStrategy`` of MMEngine wraps the model in PyTorch's older FSDP. It calls the data preprocessor outside of the
    wrapper, where the weights of an STN are not there; clips the norm of each shard for itself; and needs a GPU. Here
    the preprocessor is part of the wrapped model, and the norm is that of all gradients.

    A checkpoint is one file, written as a whole or not at all. Its weights are those of an unsharded model, so that
    every tool reads it; a training resumes from it with this strategy, with any number of processes. ::

        runner_type = 'FlexibleRunner'
        strategy = dict(type='ShardedStrategy', blocks=['ConvNeXtBlock'])

    Args:
        blocks: names of the classes of modules that are gathered one at a time; the rest is gathered at once.
        **kwargs: as in ``DDPStrategy``.
    """

    def __init__(self, *, blocks: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.blocks = tuple(blocks)

    def _wrap_model(self, model: BaseModel) -> ShardedModel:
        """Shard a model, which is changed.

        Raises:
            ValueError: there is no process group, or a name of ``blocks`` is that of no module.
        """
        if not is_distributed():
            raise ValueError('ShardedStrategy needs several processes: start it with tools/dist_train.sh')
        device = get_device()
        mesh = init_device_mesh(device, (get_world_size(), ))
        wrapped = ShardedModel(self.convert_model(model.to(device)))
        for parameter in wrapped.parameters():
            parameter.data = parameter.data.contiguous()  # that of an STN is in channels-last, which FSDP refuses
        names = {type(module).__name__ for module in wrapped.modules()}
        if missing := set(self.blocks) - names:
            raise ValueError(f'strategy.blocks: the model has no {", ".join(sorted(missing))}')
        for module in list(wrapped.modules()):
            if type(module).__name__ in self.blocks:
                fully_shard(module, mesh=mesh, reshard_after_forward=True)
        return fully_shard(wrapped, mesh=mesh, reshard_after_forward=True)

    def model_state_dict(self) -> dict:
        """All weights on the CPU in the first process, an empty dict in the others; all processes must call it."""
        return get_model_state_dict(self.model.module, options=_WHOLE)

    def optim_state_dict(self) -> dict:
        """State of the optimizer by the names of the parameters, gathered as :meth:`model_state_dict` does."""
        return get_optimizer_state_dict(self.model.module, self.optim_wrapper.optimizer, options=_WHOLE)

    def load_model_state_dict(self, state_dict: dict, *, strict: bool = False, revise_keys: Sequence = ()) -> None:
        """Load weights, which each process has as a whole."""
        set_model_state_dict(self.model.module, state_dict,
                             options=StateDictOptions(full_state_dict=True, strict=strict))

    def load_optim_state_dict(self, state_dict: dict) -> None:
        """Load the state of the optimizer, which each process has as a whole."""
        set_optimizer_state_dict(self.model.module, self.optim_wrapper.optimizer, state_dict,
                                 options=StateDictOptions(full_state_dict=True))

    def save_checkpoint(self, filename: str, *, save_optimizer: bool = True, save_param_scheduler: bool = True,
                        extra_ckpt: dict | None = None, callback: Callable[[dict], None] | None = None) -> None:
        """Gather a checkpoint in all processes, and write it in the first; arguments as in ``DDPStrategy``."""
        checkpoint = {'state_dict': self.model_state_dict(), 'meta': {}, **(extra_ckpt or {})}
        if save_optimizer:
            checkpoint['optimizer'] = self.optim_state_dict()
        if save_param_scheduler and hasattr(self, 'param_schedulers'):
            checkpoint['param_schedulers'] = self.scheduler_state_dict()
        meta = checkpoint['meta']
        if 'epoch' in meta:  # FlexibleRunner counts one too many where it saves after a validation
            meta['epoch'] = min(meta['epoch'], meta['iter'] // self.dispatch_kwargs['epoch_length'])
        meta.update(seed=self.seed, time=time.strftime('%Y%m%d_%H%M%S'), mmengine=mmengine.__version__)
        if callback is not None:
            callback(checkpoint)
        if is_main_process():
            content = io.BytesIO()
            torch.save(checkpoint, content)
            write_atomic(filename, content.getvalue())


@MODEL_WRAPPERS.register_module()
class ShardedModel(nn.Module):
    """Model whose ``forward`` includes its data preprocessor, so that the weights of both are gathered around it.

    Args:
        module: the model.
    """

    def __init__(self, module: BaseModel) -> None:
        super().__init__()
        self.module = module

    def forward(self, data: dict, mode: str) -> dict[str, Tensor] | list:
        """Preprocess a batch of a data loader and pass it to the model; ``mode`` is 'loss' or 'predict'."""
        return self.module(**self.module.data_preprocessor(data, mode == 'loss'), mode=mode)

    def train_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Make a step of the optimizer; return the losses."""
        with optim_wrapper.optim_context(self):
            losses = self(data, 'loss')
        loss, logged = self.module.parse_losses(losses)
        optim_wrapper.update_params(loss)
        return logged

    def val_step(self, data: dict) -> list:
        """Return the predictions of a batch."""
        return self(data, 'predict')

    test_step = val_step
