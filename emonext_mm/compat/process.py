"""The process: its memory, its warnings, its process group."""
from __future__ import annotations

import ctypes
import gc
import logging
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import utils as dist_utils
from mmengine.logging import MMLogger

# Harmless on this stack, and no user can do anything about them: category, module, message.
HARMLESS_WARNINGS = (
    # mmcv-lite has no CUDA ops, and no model of this package uses them.
    (UserWarning, r'mmcv\.cnn\.bricks\.transformer', r'Fail to import ``MultiScaleDeformableAttention``'),
    # Repeated at every call of adjust_color with pillow, although ColorJitter passes only alpha.
    (UserWarning, r'mmcv\.image\.photometric', r"Only use 'alpha' for pillow backend\."),
    # AmpOptimWrapper on CUDA: the old spelling of torch.amp.GradScaler('cuda').
    (
        FutureWarning,
        r'mmengine\.optim\.optimizer\.amp_optimizer_wrapper',
        r'`torch\.cuda\.amp\.GradScaler\(args\.\.\.\)` is deprecated',
    ),
    # MMEngine always passes broadcast_buffers=False to DistributedDataParallel, and so does adapt_dist.
    (FutureWarning, r'mmengine\.model\.wrappers\.distributed', r'`broadcast_buffers` is deprecated'),
)
# Harmless lines of the log: CheckpointHook about its own file client; DumpResults (--out), which has no metric to name.
HARMLESS_LOGS = re.compile(
    r'"FileClient" will be deprecated in future'
    r'|"HardDiskBackend" is the alias of "LocalBackend"'
    r'|The prefix is not set in metric class DumpResults\.'
)


def keep_freed_memory() -> None:
    """Keep freed memory in the process for the next training or test step on a CPU.

    glibc returns large arrays to the system, which hands them out again page by page. That costs an eighth of a
    training step. The peak memory stays the same. Without glibc, and on a machine with a GPU, nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None) if sys.platform == 'linux' else None
    if mallopt is not None and not torch.cuda.is_available():
        mallopt(-4, 0)  # M_MMAP_MAX: all arrays come from the heap
        mallopt(-1, -1)  # M_TRIM_THRESHOLD: the heap never shrinks


def silence_known_warnings() -> None:
    """Silence OpenMMLab's warnings that are harmless with the supported versions, and no others.

    A first run shows several of them, which look like a broken installation.
    """
    for category, module, message in HARMLESS_WARNINGS:
        warnings.filterwarnings('ignore', message, category, module)

    def keep(self: logging.Logger, record: logging.LogRecord) -> Any:
        return not HARMLESS_LOGS.match(record.getMessage()) and logging.Logger.filter(self, record)

    MMLogger.filter = keep  # on the class, because a runner creates its loggers later


def init_cpu_dist() -> None:
    """Let ``--launcher pytorch`` and ``slurm`` start on a machine without an accelerator, over gloo.

    MMEngine calls ``torch.cuda.set_device`` first. The config needs :func:`~emonext_mm.compat.config.adapt_dist`
    too.
    """
    for name in ('_init_dist_pytorch', '_init_dist_slurm'):
        setattr(dist_utils, name, _over_gloo(getattr(dist_utils, name)))


def _over_gloo(original: Callable[..., None]) -> Callable[..., None]:
    def init_dist(backend: str, *args: Any, **kwargs: Any) -> None:
        if get_device() != 'cpu':
            original(backend, *args, **kwargs)
            return
        set_device = torch.cuda.set_device
        torch.cuda.set_device = lambda device: None
        try:
            original('gloo' if backend == 'nccl' else backend, *args, **kwargs)
        finally:
            torch.cuda.set_device = set_device

    return init_dist


def end_process_group() -> None:
    """End the process group, if there is one, and its threads. Models that use the group must be gone.

    The tools call it after a training or a test. MMEngine leaves the group open: at the end of Python, threads of gloo
    can still hold tensors of the last collective, cannot free them, and abort the process. Of 152 trainings in two
    processes, five failed so. After an error the group is left open, because other processes may never come to an end
    of what they do together.
    """
    if torch.distributed.is_initialized():
        gc.collect()  # runner and model refer to each other
        torch.distributed.destroy_process_group()
