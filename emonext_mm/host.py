"""What works round the host (MMEngine, MMCV, MMPretrain) on today's PyTorch, NumPy and setuptools.

One function a trap. Each says in its docstring what goes wrong without it and acts only where the defect
shows; each has a test in ``tests/test_host.py`` that says when the host no longer needs it.

- :func:`check` and :func:`apply` act on the process: ``import emonext_mm`` calls them.
- :func:`prepare_train` and :func:`prepare_test` act on a config: the tools call them last, after the
  command line has been merged in. They return a changed copy, and have the process keep its memory.

Noted, with no code here: MMEngine imports ``distutils``, which Python 3.12 dropped and setuptools
provides, so setuptools is a dependency of this package.
"""

from __future__ import annotations

import contextlib
import copy
import ctypes
import functools
import importlib
import importlib.metadata
import importlib.util
import io
import logging
import os
import pickle
import re
import sys
import types
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from mmengine.config import Config

# module, distributions that provide it, at least, below, how to install it
_REQUIRED = (
    # 2.4 brought the allow-list of the weights-only loader, see allow_checkpoint_types
    ('torch', ('torch',), '2.4', '', "pip install 'torch>=2.4' torchvision"),
    ('mmengine', ('mmengine', 'mmengine-lite'), '0.10.4', '1', "pip install 'mmengine>=0.10.4,<1'"),
    ('mmcv', ('mmcv', 'mmcv-lite'), '2.0', '2.4', "pip install 'mmcv-lite>=2.0,<2.4' (or mmcv for CUDA ops)"),
    ('mmpretrain', ('mmpretrain',), '1.2', '2', "pip install 'mmpretrain>=1.2,<2'"),
)

# Harmless on this stack, and there is nothing that the user could do about them: category, module, message.
_HARMLESS_WARNINGS = (
    # mmcv-lite has no CUDA ops; no model of this package uses them
    (UserWarning, r'mmcv\.cnn\.bricks\.transformer', r'Fail to import ``MultiScaleDeformableAttention``'),
    # said at every call of adjust_color under pillow, though alpha is all that ColorJitter passes
    (UserWarning, r'mmcv\.image\.photometric', r"Only use 'alpha' for pillow backend\."),
    # AmpOptimWrapper on CUDA: the old spelling of torch.amp.GradScaler('cuda')
    (
        FutureWarning,
        r'mmengine\.optim\.optimizer\.amp_optimizer_wrapper',
        r'`torch\.cuda\.amp\.GradScaler\(args\.\.\.\)` is deprecated',
    ),
    # MMEngine always passes broadcast_buffers=False to DistributedDataParallel, and so does adapt_dist
    (FutureWarning, r'mmengine\.model\.wrappers\.distributed', r'`broadcast_buffers` is deprecated'),
)
# The same, logged: CheckpointHook on the host's own file client; DumpResults (--out), which measures nothing.
_HARMLESS_LOGS = re.compile(
    r'"FileClient" will be deprecated in future'
    r'|"HardDiskBackend" is the alias of "LocalBackend"'
    r'|The prefix is not set in metric class DumpResults\.'
)

_REFUSED = re.compile(r'GLOBAL (.+?) (?:was|whose)|unrecognized function (<.+?>)|allowlisted .* got (<.+?>)')
_DAMAGED = re.compile(
    r'PytorchStreamReader|inline_container|corrupted|unexpected EOF|TorchScript|magic number|byte size'
)


class CheckpointError(RuntimeError):
    """A checkpoint was not loaded; the message is one line that names the file and says why."""


def apply() -> None:
    """Works round every trap that concerns the whole process. Calling it again changes nothing."""
    spin_briefly()  # before anything imports PyTorch
    silence_known_warnings()
    resolve_scope_bases()
    allow_checkpoint_types()
    load_weights_only()
    refuse_foreign_weights()
    init_cpu_dist()
    register_cpu_amp()
    shift_hue_down()
    draw_grey_as_grey()
    draw_first_view()
    checkpoint_without_reentry()
    smooth_without_wait()


def prepare_train(cfg: Config) -> Config:
    """Returns a copy of a config that is ready for ``Runner.train`` on this machine, and readies the process."""
    keep_freed_memory()
    return build_named_backends(fix_dataloaders(adapt_dist(adapt_amp(cfg))))


def prepare_test(cfg: Config) -> Config:
    """The same for ``Runner.test``, with or without TTA."""
    keep_freed_memory()
    return build_named_backends(fix_dataloaders(adapt_dist(drop_ema_hook(cfg))))


# ------------------------------------------------------------------------------------------ the process


def check() -> None:
    """Says in one line which package is missing or out of bounds, and how to install it.

    Without it a missing MMCV is a traceback out of MMPretrain, and a plain ``mmcv`` builds from source.

    Raises:
        ImportError: torch, MMEngine, MMCV or MMPretrain is missing, too old or too new.
    """
    for module, distributions, least, below, install in _REQUIRED:
        if importlib.util.find_spec(module) is None:
            raise ImportError(f'emonext_mm needs {module}, which is not installed: {install}')
        version = _version(module, distributions)
        if _release(version) < _release(least) or (below and _release(version) >= _release(below)):
            bounds = f'>={least}' + (f',<{below}' if below else '')
            raise ImportError(f'emonext_mm needs {module}{bounds}, but {version} is installed: {install}')


def spin_briefly() -> None:
    """Keeps training on a CPU from crawling where something else wants the same cores.

    The threads of GNU OpenMP, which PyTorch uses on Linux, spin for 300,000 rounds when they wait for each other: a
    step then takes five to ten times as long as it needs to. A tenth of that is as fast on a quiet machine. What
    the user has set stands, and after PyTorch has been imported nothing changes.
    """
    if 'OMP_WAIT_POLICY' not in os.environ:
        os.environ.setdefault('GOMP_SPINCOUNT', '30000')


def keep_freed_memory() -> None:
    """Keeps what a training or a test on a CPU frees for its next step.

    glibc gives large arrays back to the system, which hands them out again page by page: an eighth of a step. The
    peak of the memory is the same. Elsewhere than on glibc, and on a machine with a GPU, nothing changes.
    """
    import torch
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None) if sys.platform == 'linux' else None
    if mallopt is not None and not torch.cuda.is_available():
        mallopt(-4, 0)  # M_MMAP_MAX: all arrays come from the heap
        mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD: which does not shrink


def resolve_scope_bases() -> None:
    """Lets ``_base_ = 'mmpretrain::resnet/resnet18_8xb32_in1k.py'`` find the installed package.

    MMEngine asks ``pkg_resources``, which setuptools 82 removed. The same questions go to ``importlib``.
    """
    if importlib.util.find_spec('pkg_resources') is not None:
        return
    # config and hub hold the functions under names of their own
    for name in ('utils.package_utils', 'utils', 'config.config', 'hub.hub'):
        module = importlib.import_module(f'mmengine.{name}')
        for function in (is_installed, get_installed_path, package2module):
            if hasattr(module, function.__name__):
                setattr(module, function.__name__, function)


def is_installed(package: str) -> bool:
    """Whether a distribution or an importable package of this name is there."""
    try:
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        spec = importlib.util.find_spec(package)
        return spec is not None and spec.origin is not None
    return True


def get_installed_path(package: str) -> str:
    """The folder of an installed package, by the name of its module or of its distribution.

    Raises:
        PackageNotFoundError: nothing of this name is installed.
        RuntimeError: it is a namespace package, which has no folder of its own.
    """
    spec = importlib.util.find_spec(package) or importlib.util.find_spec(package2module(package))
    if spec is None or spec.origin is None:
        raise RuntimeError(f'{package} is a namespace package, which has no folder of its own')
    return os.path.dirname(spec.origin)


def package2module(package: str) -> str:
    """The name of the module that a distribution installs (``mmcv-lite``: ``mmcv``).

    Raises:
        ValueError: the distribution does not say.
    """
    modules = (importlib.metadata.distribution(package).read_text('top_level.txt') or '').split()
    if not modules:
        raise ValueError(f'can not infer the module name of {package}')
    return modules[0]


def allow_checkpoint_types() -> None:
    """Lets torch's weights-only loader read what an MMEngine training checkpoint holds, and no more.

    Beside tensors such a checkpoint holds the message hub: ``HistoryBuffer``, NumPy arrays, scalars and
    dtypes. torch >= 2.6 refuses them, so neither resume nor test works. Every name on the list builds plain
    data; dtypes are those of numbers, booleans and text, since a forged record dtype can point anywhere.
    ``HistoryBuffer`` also pickles its statistics methods through ``builtins.getattr``: under that name stands
    a function that knows those methods only.
    """
    import numpy as np
    import torch
    from mmengine.logging import HistoryBuffer

    sample = io.BytesIO()
    torch.save([HistoryBuffer([1.0], [1]), np.float32(1), np.int64(1)], sample)
    sample.seek(0)
    with contextlib.suppress(pickle.UnpicklingError):
        torch.load(sample, weights_only=True)
        return

    rebuild = importlib.import_module(np.array(0).__reduce__()[0].__module__)
    functions = [_named(_history_method, 'builtins', 'getattr')]
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray'):  # whichever NumPy wrote the file
        functions += [_named(getattr(rebuild, name), module, name) for name in ('_reconstruct', 'scalar')]
    codes = np.typecodes['AllInteger'] + np.typecodes['AllFloat'] + '?SU'
    dtypes = {type(np.dtype(code)) for code in codes}
    torch.serialization.add_safe_globals([HistoryBuffer, np.ndarray, np.dtype, *dtypes, *functions])


def load_weights_only() -> None:
    """Makes every loader of MMEngine weights-only, and a refused or damaged file one clear line.

    MMEngine calls ``torch.load`` without ``weights_only``: torch < 2.6 then runs whatever code the file
    holds, as does any torch under ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD``. A URL goes through ``torch.hub``,
    which passes ``weights_only=False`` on every torch. ``TORCH_FORCE_WEIGHTS_ONLY_LOAD`` is torch's own
    switch against all of them; it is set while MMEngine loads.
    """
    from mmengine.runner.checkpoint import CheckpointLoader

    original = CheckpointLoader.load_checkpoint.__func__

    def load_checkpoint(cls: type, filename: str, map_location: Any = None, logger: Any = 'current') -> dict:
        with _weights_only(), _clear_errors(filename):
            return original(cls, filename, map_location, logger)

    if not _is_ours(original):
        CheckpointLoader.load_checkpoint = classmethod(load_checkpoint)


def refuse_foreign_weights() -> None:
    """Refuses weights of which not one fits the model.

    MMEngine loads with ``strict=False``: with a checkpoint of another model it logs a page of keys, goes on,
    and the numbers that follow are those of a freshly initialised model. Weights that bring a ``check`` in their
    metadata, as those of :mod:`emonext_mm.models.pretrained` do, are also refused when that raises.
    """
    from mmengine.runner import checkpoint

    original = checkpoint.load_state_dict

    def load_state_dict(module: Any, state_dict: dict, strict: bool = False, logger: Any = None) -> None:
        check = (getattr(state_dict, '_metadata', None) or {}).get('', {}).get('check')
        if check:
            check(module, state_dict)
        # Not by comparing keys: hooks of a model may rename them. Writing to a tensor raises its version.
        tensors = module.state_dict(keep_vars=True)
        before = [tensor._version for tensor in tensors.values()]
        original(module, state_dict, strict, logger)
        if before and before == [tensor._version for tensor in tensors.values()]:
            raise CheckpointError(
                f'nothing was loaded: not one of the {len(state_dict)} entries of the checkpoint '
                f'({_some(state_dict)}) fits {type(module).__name__} ({_some(tensors)})'
            )

    if not _is_ours(original):
        checkpoint.load_state_dict = load_state_dict


def init_cpu_dist() -> None:
    """Lets ``--launcher pytorch`` start on a machine without accelerator, over gloo.

    MMEngine calls ``torch.cuda.set_device`` first thing. :func:`adapt_dist` is the other half.
    """
    import torch.distributed
    from mmengine.device import get_device
    from mmengine.dist import utils

    original = utils._init_dist_pytorch

    def init_dist_pytorch(backend: str, init_backend: str = 'torch', **kwargs: Any) -> None:
        if get_device() == 'cpu' and init_backend == 'torch':
            torch.distributed.init_process_group(backend='gloo' if backend == 'nccl' else backend, **kwargs)
        else:
            original(backend, init_backend=init_backend, **kwargs)

    if not _is_ours(original):
        utils._init_dist_pytorch = init_dist_pytorch


def register_cpu_amp() -> None:
    """Registers ``CpuAmpOptimWrapper``: an ``OptimWrapper`` under CPU autocast, for :func:`adapt_amp`.

    bfloat16 is the one type that MMEngine's CPU autocast takes; its range is that of float32, so no
    gradient scaler is needed.
    """
    import torch
    from mmengine.optim import OptimWrapper
    from mmengine.registry import OPTIM_WRAPPERS

    class CpuAmpOptimWrapper(OptimWrapper):
        """Gradient accumulation and clipping as in ``OptimWrapper``, the forward pass in bfloat16."""

        @contextlib.contextmanager
        def optim_context(self, model: torch.nn.Module) -> Iterator[None]:
            with super().optim_context(model), torch.autocast('cpu', torch.bfloat16):
                yield

    if 'CpuAmpOptimWrapper' not in OPTIM_WRAPPERS.module_dict:
        OPTIM_WRAPPERS.register_module(module=CpuAmpOptimWrapper)


def shift_hue_down() -> None:
    """Lets ``ColorJitter(hue=...)`` shift the hue down as well as up.

    MMCV adds ``np.uint8(hue_factor * 255)`` and relies on a negative number to wrap round the colour circle;
    NumPy 2 raises OverflowError, in about half of the images.
    """
    import mmcv
    import numpy as np

    original = mmcv.adjust_hue
    try:
        original(np.zeros((1, 1, 3), np.uint8), -0.1, backend='cv2')
        return
    except OverflowError:
        pass

    def adjust_hue(img: np.ndarray, hue_factor: float, backend: str | None = None) -> np.ndarray:
        return original(img, _HueFactor(hue_factor), backend)

    for module in (mmcv, mmcv.image, mmcv.image.photometric):
        module.adjust_hue = adjust_hue


def draw_grey_as_grey() -> None:
    """Lets ``--show`` and ``--show-dir`` draw a one-channel image in grey.

    MMEngine hands it to matplotlib as it is, which colours it by its value.
    """
    import numpy as np
    from mmengine.visualization import Visualizer

    original = Visualizer.set_image

    def set_image(self: Visualizer, image: np.ndarray) -> None:
        if image.ndim == 2 or image.shape[-1] == 1:
            image = np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
        original(self, image)

    if not _is_ours(original):
        Visualizer.set_image = set_image


def draw_first_view() -> None:
    """Lets ``--tta`` go with ``--show-dir``: of the views of an image, the first is drawn.

    MMPretrain's hook takes the list of views for the list of images, and fails on its shape.
    """
    from mmpretrain.engine import VisualizationHook

    original = VisualizationHook._draw_samples

    def draw_samples(self: Any, batch_idx: int, data_batch: dict, data_samples: Any, step: int = 0) -> None:
        views = data_batch['inputs']
        if isinstance(views, (list, tuple)) and views[0].ndim == 4:
            data_batch = {**data_batch, 'inputs': views[0]}
        original(self, batch_idx, data_batch, data_samples, step)

    if not _is_ours(original):
        VisualizationHook._draw_samples = draw_samples


def checkpoint_without_reentry() -> None:
    """Lets ``with_cp=True`` of a ConvNeXt recompute its blocks in the way that PyTorch asks for.

    MMPretrain does not say which of the two ways it wants. PyTorch warns at every block that this will be an error
    one day, and takes the reentrant way, which ``torch.autograd.grad`` and some uses of DDP refuse.
    """
    from mmpretrain.models.backbones import convnext
    from torch.utils import checkpoint

    if convnext.cp is checkpoint:
        recompute = functools.partial(checkpoint.checkpoint, use_reentrant=False)
        convnext.cp = types.SimpleNamespace(checkpoint=recompute)


def smooth_without_wait() -> None:
    """Lets ``LabelSmoothLoss`` make its targets without a look at the labels.

    MMPretrain asks for the largest label at every step, and until a device answers, nothing new is given to it. A
    label that is too large is an error without that too, of the scatter.
    """
    import torch
    from mmpretrain.models.losses import label_smooth_loss

    def one_hot(targets: torch.Tensor, classes: int) -> torch.Tensor:
        return torch.zeros(len(targets), classes, dtype=torch.long, device=targets.device).scatter_(1, targets, 1)

    label_smooth_loss.convert_to_one_hot = one_hot


def silence_known_warnings() -> None:
    """Silences the host's warnings that are harmless on this stack, and no others.

    A first run shows several of them, from the host about the host, and a user takes them for an error
    of the installation.
    """
    from mmengine.logging import MMLogger

    for category, module, message in _HARMLESS_WARNINGS:
        warnings.filterwarnings('ignore', message, category, module)

    def keep(self: logging.Logger, record: logging.LogRecord) -> Any:
        return not _HARMLESS_LOGS.match(record.getMessage()) and logging.Logger.filter(self, record)

    MMLogger.filter = keep  # on the class: a runner makes its loggers later


# ------------------------------------------------------------------------------------------- the config


def adapt_amp(cfg: Config) -> Config:
    """Turns an ``AmpOptimWrapper``, or a subclass, into bfloat16 autocast where there is no accelerator.

    ``AmpOptimWrapper`` asserts a GPU, so a config with mixed precision does not even start on a CPU.
    Everything that is not about the scaler stays: optimizer, accumulation, clipping, parameter-wise settings.
    Where the CPU has no bfloat16 of its own, it is float32: converting took eight times as long.
    """
    from mmengine.device import get_device
    from mmengine.logging import print_log
    from mmengine.optim import AmpOptimWrapper
    from mmpretrain.registry import OPTIM_WRAPPERS

    cfg = copy.deepcopy(cfg)
    wrapper = cfg.get('optim_wrapper') or {}
    if not _builds(wrapper, AmpOptimWrapper, OPTIM_WRAPPERS) or get_device() != 'cpu' or not _amp_refuses_cpu():
        return cfg
    wrapper['type'] = 'CpuAmpOptimWrapper' if has_bfloat16() else 'OptimWrapper'
    dtype = str(wrapper.pop('dtype', None) or 'float16')
    for key in ('loss_scale', 'use_fsdp'):
        wrapper.pop(key, None)
    if not has_bfloat16():
        print_log('no GPU found, and a CPU without bfloat16: mixed precision is off, all runs in float32', 'current')
    elif not dtype.endswith('bfloat16'):
        print_log(f'no GPU found: mixed precision runs in bfloat16 on the CPU, not in {dtype}', 'current')
    return cfg


def adapt_dist(cfg: Config) -> Config:
    """Lets the model of a distributed run be wrapped where there is no accelerator.

    MMEngine passes ``device_ids=[LOCAL_RANK]``, which DistributedDataParallel refuses for a model on the CPU.
    """
    from mmengine.device import get_device

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
    """Drops the EMA hook for testing: the checkpoint's ``state_dict`` already holds the averaged weights.

    The hook swaps raw and averaged weights when it saves, and swaps the parameters again before a test. Under
    TTA the model is wrapped, its keys begin with ``module.``, the hook finds none of them in the checkpoint,
    and what it swaps in is a freshly initialised model. A hook that is told not to evaluate on the average
    (``evaluate_on_ema=False``) stays: it is what brings the raw weights back.
    """
    from mmengine.hooks import EMAHook
    from mmpretrain.registry import HOOKS

    def averages(hook: Any) -> bool:
        if not isinstance(hook, dict):
            return isinstance(hook, EMAHook)
        return _builds(hook, EMAHook, HOOKS) and hook.get('evaluate_on_ema', True)

    cfg = copy.deepcopy(cfg)
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks') or [] if not averages(hook)]
    return cfg


def fix_dataloaders(cfg: Config) -> Config:
    """Drops what a data loader cannot have: persistent workers without workers, pinned memory without a GPU.

    The host's tools default both to True; the first is a ValueError of torch with ``num_workers=0``, the
    second warns at every epoch.
    """
    from mmengine.device import get_device

    cfg = copy.deepcopy(cfg)
    loaders = [cfg.get(f'{split}_dataloader') for split in ('train', 'val', 'test')]
    for loader in filter(None, loaders):
        if loader.get('num_workers', 0) == 0:
            loader['persistent_workers'] = False
            loader.pop('prefetch_factor', None)
        if get_device() == 'cpu':
            loader['pin_memory'] = False
    return cfg


def build_named_backends(cfg: Config) -> Config:
    """Lets ``--cfg-options visualizer.vis_backends=LocalVisBackend,TensorboardVisBackend`` name backends.

    The command line makes a list of names of it, and cannot make the list of dicts that MMEngine takes.

    Raises:
        ValueError: a name is not that of a backend.
    """
    from mmpretrain.registry import VISBACKENDS

    cfg = copy.deepcopy(cfg)
    visualizer = cfg.get('visualizer') or {}
    backends = visualizer.get('vis_backends') or []
    backends = [backends] if isinstance(backends, (str, dict)) else backends
    for name in (backend for backend in backends if isinstance(backend, str)):
        if VISBACKENDS.get(name) is None:
            raise ValueError(f'visualizer.vis_backends: there is no {name}, but for example TensorboardVisBackend')
    if backends:
        visualizer['vis_backends'] = [dict(type=each) if isinstance(each, str) else each for each in backends]
    return cfg


def to_plain(value: Any) -> Any:
    """Returns numbers, lists and dicts for tensors, arrays and NumPy scalars, at any depth.

    ``mmengine.dump`` to JSON fails on them, and a confusion matrix is one.
    """
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value.tolist() if hasattr(value, 'tolist') else value


# -------------------------------------------------------------------------------------------- internals


class _HueFactor(float):
    """A hue factor whose multiples wrap round the colour circle of 256 steps instead of going below 0."""

    def __mul__(self, other: float) -> int:
        return int(float(self) * other) % 256


def _version(module: str, distributions: tuple) -> str:
    for name in distributions:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(name)
    return importlib.import_module(module).__version__  # a source tree on PYTHONPATH


def _release(version: str) -> tuple:
    """``'2.2.0rc1+cpu'``: ``(2, 2, 0)``."""
    return tuple(int(part) for part in re.match(r'\d+(?:\.\d+)*', version)[0].split('.'))


def _is_ours(function: Callable) -> bool:
    return function.__module__ == __name__


def _named(function: Callable, module: str, name: str) -> Callable:
    """Wraps a function under the name that a pickle asks for (torch < 2.6 takes no ``(function, name)``)."""

    def wrapper(*args: Any) -> Any:
        return function(*args)

    wrapper.__module__, wrapper.__name__, wrapper.__qualname__ = module, name, name
    return wrapper


def _history_method(owner: Any, name: Any) -> Callable:
    """``getattr`` for the statistics methods of ``HistoryBuffer``, and for nothing else."""
    from mmengine.logging import HistoryBuffer

    HistoryBuffer()  # the first one registers the four default methods
    # A pickle can add entries to the registry, so being in it is not enough: it must be the method itself.
    if owner is HistoryBuffer and isinstance(name, str) and name in HistoryBuffer._statistics_methods:
        method = getattr(HistoryBuffer, name, None)
        if method is HistoryBuffer._statistics_methods[name]:
            return method
    owner = getattr(owner, '__name__', owner)
    raise pickle.UnpicklingError(f'GLOBAL getattr({owner}, {name!r}) was not allowed')


@contextlib.contextmanager
def _weights_only() -> Iterator[None]:
    force, forbid = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD', 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'
    before = {key: os.environ.pop(key, None) for key in (force, forbid)}  # torch raises if both are set
    os.environ[force] = '1'
    try:
        yield
    finally:
        del os.environ[force]
        os.environ.update({key: value for key, value in before.items() if value is not None})


@contextlib.contextmanager
def _clear_errors(filename: str) -> Iterator[None]:
    try:
        yield
    except (PermissionError, ImportError):
        raise  # these speak for themselves, like what a URL or a device raises
    except Exception as error:
        text = ' '.join(str(error).split())
        refused = _REFUSED.search(text)
        if refused:
            what = next(filter(None, refused.groups()))
            raise CheckpointError(
                f'{filename} was not loaded: it asks for {what}, which could run code; only tensors and '
                'the plain values of a training checkpoint are accepted'
            ) from None
        # A cut pickle raises almost anything; a RuntimeError may also be the device's.
        damaged = _DAMAGED.search(text) if isinstance(error, RuntimeError) else os.path.isfile(filename)
        if not damaged:
            raise
        raise CheckpointError(
            f'{filename} was not loaded: it is cut, damaged or no checkpoint ({type(error).__name__})'
        ) from error


def _some(keys: dict) -> str:
    return ', '.join(map(str, list(keys)[:2])) + (', ...' if len(keys) > 2 else '')


def _builds(cfg: dict, base: type, registry: Any) -> bool:
    """Whether a config is that of ``base`` or of a subclass."""
    kind = cfg.get('type')
    kind = registry.get(kind) if isinstance(kind, str) else kind
    return isinstance(kind, type) and issubclass(kind, base)


def _type_name(cfg: dict) -> str:
    kind = cfg.get('type', '')
    return (kind if isinstance(kind, str) else kind.__name__).rpartition('.')[2]


def has_bfloat16() -> bool:
    """Whether oneDNN computes in bfloat16 on this CPU; assumed where it does not say."""
    import torch

    try:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    except (AttributeError, RuntimeError):
        return True


def _amp_refuses_cpu() -> bool:
    import torch
    from mmengine.optim import AmpOptimWrapper

    try:
        AmpOptimWrapper(optimizer=torch.optim.SGD([torch.zeros(1)], lr=0.1))
    except AssertionError:
        return True
    return False
