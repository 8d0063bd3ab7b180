"""The peak memory of a training step: measured on a GPU, reckoned without one.

To reckon, the step runs on fake tensors, which have shapes but no data, while PyTorch's ``MemTracker`` adds up what is
alive: parameters, EMA, gradients, optimizer state, saved activations and temporaries. Not in it are workspaces of
libraries, the CUDA context and fragmentation. Any size and batch can be had that way on any machine.
"""
from __future__ import annotations

import copy
import gc
from dataclasses import dataclass
from typing import Callable
from unittest import mock

import torch
from _reference import Reference
from _training import DEVICE, PlainTraining, smoothed_loss, timm_model
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpretrain.models import build_classifier
from mmpretrain.structures import DataSample
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker

from emonext_mm.models.layers import self_attention

CARD = 14.5 * 2**30  # bytes; what is left for PyTorch of a card of 16 GB, such as a T4
STEPS = 2  # the optimizer has its state only from the second on
Step = Callable[[], object]


@dataclass
class Workload:
    """A training whose memory is asked for.

    Args:
        model: in training.
        start: called when the model is where it shall be, real or fake; returns optimizer and step.
        ema: whether a copy of the model is kept beside it.
    """

    model: nn.Module
    start: Callable[[], tuple[torch.optim.Optimizer, Step]]
    ema: bool


def config_workload(cfg: Config, batch: int, size: int) -> Workload:
    """A step of a config on ``size`` px faces; of the hooks, the EMA."""
    model = build_classifier(cfg.model).train()

    def start() -> tuple[torch.optim.Optimizer, Step]:
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        # One-hot, because the host looks at the value of a label, and a fake one has none.
        data = dict(inputs=torch.zeros(batch, 1, size, size, dtype=torch.uint8),
                    data_samples=[DataSample().set_gt_score(score) for score in torch.eye(7).repeat(batch, 1)[:batch]])
        return wrapper.optimizer, lambda: model.train_step(data, wrapper)

    return Workload(model, start, any('EMAHook' in hook['type'] for hook in cfg.get('custom_hooks') or []))


def timm_workload(cfg: Config, batch: int, size: int, precision: str) -> Workload:
    """The plain step of timm's ConvNeXt of the same size."""
    model = timm_model(cfg)
    return _plain_workload(model, smoothed_loss(model, cfg), batch, size, precision, cfg.optim_wrapper.optimizer, False)


def reference_workload(reference: Reference, cfg: Config, batch: int, precision: str) -> Workload:
    """The authors' model, loss and EMA; their loop reads the loss, which a fake one does not have."""
    model = reference.model(cfg.model.backbone.arch).train()
    return _plain_workload(model, lambda images, labels: model(images, labels)[2], batch, 224, precision,
                           dict(type='AdamW', lr=1e-4), True)


def _plain_workload(model: nn.Module, loss: Callable, batch: int, size: int, precision: str, optimizer: dict,
                    ema: bool) -> Workload:
    def start() -> tuple[torch.optim.Optimizer, Step]:
        training = PlainTraining(model, loss, torch.zeros(batch, 3, size, size, device=DEVICE), precision, optimizer)
        return training.optimizer, training.step
    return Workload(model, start, ema)


def peak(workload: Workload) -> float:
    """MB at the peak of a step: measured where there is a GPU, else reckoned."""
    return (_measure if DEVICE == 'cuda' else reckon)(workload) / 2**20


def fits(build: Callable[[], Workload]) -> bool:
    """Whether a training runs on a GPU of which it may have no more than ``CARD``."""
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
    _, step = workload.start()
    for _ in range(STEPS + 1):
        step()
    del ema
    return torch.cuda.max_memory_allocated()


def reckon(workload: Workload) -> int:
    """Bytes at the peak of a step."""
    mode = FakeTensorMode()
    _make_fake(workload.model, mode)
    # The regulariser works in larger chunks on a GPU, and it is a GPU's memory that is asked for.
    with mode, mock.patch.object(self_attention, 'CHUNK', self_attention.ACCELERATOR_CHUNK):
        optimizer, step = workload.start()
        tracker = MemTracker()
        tracker.track_external(workload.model, optimizer)
        with tracker:
            for _ in range(STEPS):
                step()
                tracker.reset_mod_stats()
    ema = sum(tensor.nbytes for tensor in workload.model.state_dict().values()) if workload.ema else 0
    return ema + sum(kinds['Total'] for kinds in tracker.get_tracker_snapshot('peak').values())


def _make_fake(model: nn.Module, mode: FakeTensorMode) -> None:
    overwrite = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        model._apply(mode.from_tensor)
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(overwrite)
