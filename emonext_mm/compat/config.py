"""Configs that run on this machine: every function returns a changed copy."""
from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.hooks import EMAHook
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper
from mmpretrain.registry import HOOKS, OPTIM_WRAPPERS, VISBACKENDS

_runners = itertools.count()  # of this process


def prepare_train(cfg: Config) -> Config:
    """Return a copy of a config that is ready for ``Runner.train`` on this machine."""
    return name_runner(build_named_backends(seed_workers(fix_dataloaders(adapt_dist(adapt_amp(cfg))))))


def prepare_test(cfg: Config) -> Config:
    """Return a copy of a config that is ready for ``Runner.test``, with or without TTA."""
    return name_runner(build_named_backends(end_workers(fix_dataloaders(adapt_dist(drop_ema_hook(cfg))))))


def adapt_amp(cfg: Config) -> Config:
    """Replace ``AmpOptimWrapper``, or a subclass, by bfloat16 autocast where there is no accelerator.

    ``AmpOptimWrapper`` asserts a GPU, so a config with mixed precision does not even start on a CPU. Everything that
    does not concern the scaler stays: optimizer, accumulation, clipping, parameter-wise settings. A CPU without
    bfloat16 arithmetic runs in float32: emulated bfloat16 took eight times as long.
    """
    cfg = copy.deepcopy(cfg)
    wrapper = cfg.get('optim_wrapper') or {}
    if not _builds(wrapper, AmpOptimWrapper, OPTIM_WRAPPERS) or get_device() != 'cpu' or not _amp_refuses_cpu():
        return cfg
    wrapper['type'] = 'CpuAmpOptimWrapper' if has_bfloat16() else 'OptimWrapper'
    dtype = str(wrapper.pop('dtype', None) or 'float16')
    for key in ('loss_scale', 'use_fsdp'):
        wrapper.pop(key, None)
    if not has_bfloat16():
        print_log('no GPU found, and the CPU has no bfloat16: training runs in float32', 'current')
    elif not dtype.endswith('bfloat16'):
        print_log(f'no GPU found: mixed precision runs in bfloat16 on the CPU, not in {dtype}', 'current')
    return cfg


def adapt_dist(cfg: Config) -> Config:
    """Let the model of a distributed run be wrapped where there is no accelerator.

    MMEngine passes ``device_ids=[LOCAL_RANK]``, which DistributedDataParallel refuses for a model on the CPU.
    """
    cfg = copy.deepcopy(cfg)
    if cfg.get('launcher', 'none') == 'none' or get_device() != 'cpu':
        return cfg
    unused = {'find_unused_parameters': cfg.get('find_unused_parameters', False)}
    wrapper = dict(cfg.get('model_wrapper_cfg') or unused)
    wrapper.setdefault('type', 'MMDistributedDataParallel')
    if _type_name(wrapper).endswith('DistributedDataParallel'):
        wrapper['device_ids'] = None
        wrapper.setdefault('broadcast_buffers', False)
    cfg.model_wrapper_cfg = wrapper
    return cfg


def drop_ema_hook(cfg: Config) -> Config:
    """Drop the EMA hook for testing: the checkpoint's ``state_dict`` already holds the averaged weights.

    The hook swaps raw and averaged weights when it saves, and swaps the parameters again before a test. Under TTA the
    keys of the wrapped model begin with ``module.``: the hook finds none of them in the checkpoint, and swaps in a
    freshly initialised model. A hook with ``evaluate_on_ema=False`` stays, because it restores the raw weights.
    """
    def averages(hook: Any) -> bool:
        if not isinstance(hook, dict):
            return isinstance(hook, EMAHook)
        return _builds(hook, EMAHook, HOOKS) and hook.get('evaluate_on_ema', True)

    cfg = copy.deepcopy(cfg)
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks') or [] if not averages(hook)]
    return cfg


def fix_dataloaders(cfg: Config) -> Config:
    """Drop impossible settings of data loaders: persistent workers without workers, pinned memory without a GPU.

    MMPretrain's tools default both to True. torch raises ValueError for the first with ``num_workers=0``, and warns of
    the second at every epoch.
    """
    cfg = copy.deepcopy(cfg)
    loaders = [cfg.get(f'{split}_dataloader') for split in ('train', 'val', 'test')]
    for loader in filter(None, loaders):
        if loader.get('num_workers', 0) == 0:
            loader['persistent_workers'] = False
            loader.pop('prefetch_factor', None)
        if get_device() == 'cpu':
            loader['pin_memory'] = False
    return cfg


def end_workers(cfg: Config) -> Config:
    """Let the workers of a test end with it, as they serve no second one.

    Workers that persist would stay until the data loader is collected as garbage, and torch then waits 5 s for each.
    """
    cfg = copy.deepcopy(cfg)
    if cfg.get('test_dataloader'):
        cfg.test_dataloader.persistent_workers = False
    return cfg


def seed_workers(cfg: Config) -> Config:
    """Let the workers of a training have other random numbers in each epoch, and those of the epoch after a resume.

    Workers that persist go on with the numbers of all epochs before, which a resumed training cannot know. Workers that
    do not persist get those of the first epoch again from MMEngine. So the workers of the training are started at each
    epoch, and seeded by :func:`emonext_mm.datasets.init_worker`. A ``worker_init_fn`` of the config stays.
    """
    cfg = copy.deepcopy(cfg)
    for loader in filter(None, (cfg.get('train_dataloader'), cfg.get('val_dataloader'))):
        if 'worker_init_fn' not in loader:
            shown = {key: loader.pop(key) for key in ('disable_subprocess_warning', ) if key in loader}
            loader['worker_init_fn'] = dict(type='init_worker', **shown)
    if cfg.get('train_dataloader'):
        cfg.train_dataloader.persistent_workers = False
    return cfg


def build_named_backends(cfg: Config) -> Config:
    """Accept names in ``--cfg-options visualizer.vis_backends=LocalVisBackend,TensorboardVisBackend``.

    The command line makes a list of names; MMEngine takes a list of dicts.

    Raises:
        ValueError: a name is not that of a registered backend.
    """
    cfg = copy.deepcopy(cfg)
    visualizer = cfg.get('visualizer') or {}
    backends = visualizer.get('vis_backends') or []
    backends = [backends] if isinstance(backends, (str, dict)) else backends
    for name in (backend for backend in backends if isinstance(backend, str)):
        if VISBACKENDS.get(name) is None:
            raise ValueError(f'visualizer.vis_backends: unknown backend {name}; known is, for example, '
                             'TensorboardVisBackend')
    if backends:
        visualizer['vis_backends'] = [dict(type=each) if isinstance(each, str) else each for each in backends]
    return cfg


def name_runner(cfg: Config) -> Config:
    """Number the names of all runners of a process but the first: ``experiment_name``.

    MMEngine finds log, message hub and visualizer by that name, by default the config's and the second of the start.
    Two runners of one second would write one log, and the second one would go on with the losses of the first.
    """
    cfg = copy.deepcopy(cfg)
    number = next(_runners)
    if number:
        name = cfg.get('experiment_name') or Path(cfg.filename or 'runner').stem
        cfg.experiment_name = f'{name}_{number}'
    return cfg


def has_bfloat16() -> bool:
    """Return whether oneDNN computes in bfloat16 on this CPU; True where oneDNN cannot be asked."""
    try:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    except (AttributeError, RuntimeError):
        return True


def _builds(cfg: dict, base: type, registry: Any) -> bool:
    """Return whether a config builds ``base`` or a subclass."""
    kind = cfg.get('type')
    kind = registry.get(kind) if isinstance(kind, str) else kind
    return isinstance(kind, type) and issubclass(kind, base)


def _type_name(cfg: dict) -> str:
    kind = cfg.get('type', '')
    return (kind if isinstance(kind, str) else kind.__name__).rpartition('.')[2]


def _amp_refuses_cpu() -> bool:
    try:
        AmpOptimWrapper(optimizer=torch.optim.SGD([torch.zeros(1)], lr=0.1))
    except AssertionError:
        return True
    return False
