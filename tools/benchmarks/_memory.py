"""Peak memory of a training step: measured on a GPU, estimated without one.

For the estimate the step runs on fake tensors, which have shapes but no data, and the sizes of all live tensors are
added up: parameters, EMA, gradients, optimizer state, saved activations and temporaries. The workspaces of libraries,
the CUDA context and fragmentation are not included. Any size and batch can be estimated on any machine.
"""
from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from unittest import mock

import torch
from _reference import Reference
from _training import DEVICE, PlainTraining, smoothed_loss, timm_model
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from emonext_mm.models.layers import self_attention
from emonext_mm.utils.models import build_model

CARD = 14.5 * 2**30  # bytes that PyTorch can use on a card of 16 GB, such as a T4
STEPS = 2  # the optimizer has its state from the second step on
Step = Callable[[], object]


@dataclass
class Workload:
    """Training whose memory is measured or estimated.

    Args:
        model: in training mode.
        start: called after the model is on its device or fake; returns the step.
        ema: whether an averaged copy of the model is kept.
    """

    model: nn.Module
    start: Callable[[], Step]
    ema: bool


def config_workload(cfg: Config, batch: int, size: int) -> Workload:
    """Training step of a config on ``size`` px faces, with EMA but no other hook."""
    model = build_model(cfg).train()

    def start() -> Step:
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        # One-hot labels, because MMPretrain reads the value of a class index, and a fake tensor has none.
        data = dict(inputs=torch.zeros(batch, 1, size, size, dtype=torch.uint8),
                    data_samples=[DataSample().set_gt_score(score) for score in torch.eye(7).repeat(batch, 1)[:batch]])
        return lambda: model.train_step(data, wrapper)

    return Workload(model, start, any('EMAHook' in hook['type'] for hook in cfg.get('custom_hooks') or []))


def timm_workload(cfg: Config, batch: int, size: int, precision: str) -> Workload:
    """Plain training step of timm's ConvNeXt of the config's size."""
    model = timm_model(cfg)
    return _plain_workload(model, smoothed_loss(model, cfg), batch, size, precision, cfg.optim_wrapper.optimizer, False)


def reference_workload(reference: Reference, cfg: Config, batch: int, precision: str) -> Workload:
    """Training step of the authors' model with their loss and EMA, without their loop, which reads the loss."""
    model = reference.model(cfg.model.backbone.arch).train()
    return _plain_workload(model, lambda images, labels: model(images, labels)[2], batch, 224, precision,
                           dict(type='AdamW', lr=1e-4), True)


def _plain_workload(model: nn.Module, loss: Callable, batch: int, size: int, precision: str, optimizer: dict,
                    ema: bool) -> Workload:
    def start() -> Step:
        images = torch.zeros(batch, 3, size, size, device=DEVICE)
        return PlainTraining(model, loss, images, precision, optimizer).step
    return Workload(model, start, ema)


def peak(workload: Workload) -> float:
    """MB at the peak of a step: measured on a GPU, estimated without one."""
    return (_measure if DEVICE == 'cuda' else estimate)(workload) / 2**20


def fits(build: Callable[[], Workload]) -> bool:
    """Return whether a training runs on this GPU within ``CARD`` bytes."""
    torch.cuda.set_per_process_memory_fraction(min(1.0, CARD / torch.cuda.mem_get_info()[1]))
    try:
        _measure(build())
    except torch.OutOfMemoryError:
        return False
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    return True


def _measure(workload: Workload) -> int:
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    workload.model.to(DEVICE)
    ema = copy.deepcopy(workload.model) if workload.ema else None
    step = workload.start()
    for _ in range(STEPS + 1):
        step()
    del ema
    return torch.cuda.max_memory_allocated()


def estimate(workload: Workload) -> int:
    """Bytes at the peak of a step, without computing it."""
    mode = FakeTensorMode()
    _make_fake(workload.model, mode)
    # The regulariser works in larger chunks on a GPU, without the power series, and the estimate is for a GPU.
    as_on_a_gpu = mock.patch.multiple(self_attention, CHUNK=self_attention.ACCELERATOR_CHUNK, TERMS={})
    with mode, as_on_a_gpu, LiveMemory() as memory:
        state = list(workload.model.state_dict().values())
        memory.add(state)
        step = workload.start()
        for _ in range(STEPS):
            step()
    return memory.peak + (sum(tensor.nbytes for tensor in state) if workload.ema else 0)


class LiveMemory(TorchDispatchMode):
    """Bytes of all tensors that exist, now and at the peak: of those added, and of those made in this mode."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._storages = weakref.WeakSet()

    def __torch_dispatch__(self, function: Callable, types: tuple, args: tuple, kwargs: dict | None = None) -> object:
        result = function(*args, **(kwargs or {}))
        self.add(result)
        return result

    def add(self, tensors: object) -> None:
        """Count the memory of tensors, in any nesting of lists and dicts, until it is freed."""
        for tensor in tree_leaves(tensors):
            if isinstance(tensor, Tensor) and (storage := tensor.untyped_storage()) not in self._storages:
                self._storages.add(storage)
                weakref.finalize(storage, self._free, storage.nbytes())
                self.live += storage.nbytes()
        self.peak = max(self.peak, self.live)

    def _free(self, size: int) -> None:
        self.live -= size


def _make_fake(model: nn.Module, mode: FakeTensorMode) -> None:
    overwrite = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        model._apply(mode.from_tensor)
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(overwrite)
