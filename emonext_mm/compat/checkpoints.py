"""Loading checkpoints: weights-only, and only into the model that they belong to."""
from __future__ import annotations

import functools
import importlib
import logging
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine import runner
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner import BaseLoop, Runner, checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain.apis import base
from torch import Tensor

from emonext_mm.utils.checkpoint_content import check_class_names, check_finite, describe_misfit
from emonext_mm.utils.checkpoints import load_bounded, weights_only
from emonext_mm.utils.errors import CheckpointError
from emonext_mm.utils.models import unwrap


def allow_checkpoint_types() -> None:
    """Let torch's weights-only loader read an MMEngine training checkpoint, and no more.

    Such a checkpoint holds the message hub beside the tensors: ``HistoryBuffer``, NumPy arrays, scalars and dtypes,
    all of which torch refuses, so that neither resume nor test works. Every name on this list builds plain data; the
    dtypes are those of numbers, booleans and text, because a forged record dtype can point anywhere in memory.
    ``HistoryBuffer`` pickles its statistics methods through ``builtins.getattr``: that name is bound to a function
    that returns those methods only. NumPy 1 pickles bytes as text that ``_codecs.encode`` turns back, a name that the
    oldest supported torch lacks: it is bound to the one codec that NumPy uses. Torch's own entry, if any, comes first.
    """
    rebuild = importlib.import_module(np.array(0).__reduce__()[0].__module__)
    functions = [(_history_method, 'builtins.getattr'), (_encode_latin1, '_codecs.encode')]
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray'):  # NumPy 1 and 2 write different names
        functions += [(getattr(rebuild, name), f'{module}.{name}') for name in ('_reconstruct', 'scalar')]
    codes = np.typecodes['AllInteger'] + np.typecodes['AllFloat'] + '?SU'
    dtypes = {type(np.dtype(code)) for code in codes}
    torch.serialization.add_safe_globals([HistoryBuffer, np.ndarray, np.dtype, *dtypes, *functions])


def load_weights_only() -> None:
    """Make every loader of MMEngine weights-only and bounded, with one line for a file that is refused.

    MMEngine calls ``torch.load`` without ``weights_only``, so ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD`` lets a file run
    code. A URL goes through ``torch.hub``, which passes ``weights_only=False``.
    """
    original = CheckpointLoader.load_checkpoint.__func__

    def load_checkpoint(cls: type, filename: str, map_location: Any = None, logger: Any = 'current') -> dict:
        load = functools.partial(original, cls, filename, map_location, logger)
        if not cls._get_checkpoint_loader(filename).__module__.startswith('emonext_mm.'):
            return load_bounded(load, filename)
        with weights_only():  # our loaders bound what they read
            return load()

    CheckpointLoader.load_checkpoint = classmethod(load_checkpoint)


def refuse_unfit_weights() -> None:
    """Refuse weights that are not finite, or do not fit the model.

    MMEngine loads with ``strict=False``: given the checkpoint of another model it logs a page of keys and continues,
    and every number that follows comes from layers that were only initialised. With ``strict=True`` one process of
    several raises, and the others wait for it. Here one line says what does not fit: an error if ``strict``, or if not
    a single tensor fits, else a warning. Weights with a ``check`` in their metadata, as
    :mod:`emonext_mm.models.weights.convnext` makes them, are refused too when that check raises.
    """
    original = checkpoint.load_state_dict

    def load_state_dict(module: Any, state_dict: dict, strict: bool = False, logger: Any = None) -> None:
        module = unwrap(module)
        check = (getattr(state_dict, '_metadata', None) or {}).get('', {}).get('check')
        if check:
            check(module, state_dict)
        # Keys cannot be compared, because a model's hooks may rename them. Writing to a tensor increments its version.
        tensors = {key: value for key, value in module.state_dict(keep_vars=True).items() if isinstance(value, Tensor)}
        check_finite(state_dict, tensors)
        before = {key: tensor._version for key, tensor in tensors.items()}
        unexpected: list[str] = []
        handle = module.register_load_state_dict_post_hook(lambda _, keys: unexpected.extend(keys.unexpected_keys))
        try:
            original(module, state_dict, False, 'silent')
        finally:
            handle.remove()
        unset = [key for key, tensor in tensors.items() if tensor._version == before[key]]
        if unset and len(unset) == len(tensors):
            raise CheckpointError(
                f'nothing was loaded: not one of the {len(state_dict)} entries of the checkpoint '
                f'({_some(state_dict)}) fits {type(module).__name__} ({_some(tensors)})'
            )
        misfit = describe_misfit(tensors, state_dict, unset, unexpected)
        if misfit and strict:
            raise CheckpointError(f'the weights do not fit {type(module).__name__}: {misfit}')
        if misfit:
            print_log(f'only a part of the weights fits {type(module).__name__}: {misfit}', logger or 'current',
                      logging.WARNING)

    checkpoint.load_state_dict = load_state_dict


def load_whole_models() -> None:
    """Let a test, a resumed training and a prediction load all weights of a model, or none.

    MMEngine's ``Runner`` and MMPretrain's ``get_model`` and inferencers load a part as well. Here only ``load_from`` of
    a new training and ``init_cfg`` do so, and whoever calls ``load_checkpoint`` with ``strict=False``. A prediction
    takes the class names of the checkpoint; another number of names than of classes is refused too.
    """
    original, load = Runner.load_checkpoint, checkpoint.load_checkpoint

    @functools.wraps(original)
    def load_into_runner(self: Runner, filename: str, map_location: Any = 'cpu', strict: bool = False,
                         *args: Any, **kwargs: Any) -> dict:
        is_new = isinstance(self._train_loop, BaseLoop) and not self._resume
        with _named(filename):
            return original(self, filename, map_location, strict or not is_new, *args, **kwargs)

    @functools.wraps(load)
    def load_model(model: Any, filename: str, map_location: Any = None, strict: bool = True,
                   *args: Any, **kwargs: Any) -> dict:
        with _named(filename):
            content = load(model, filename, map_location, strict, *args, **kwargs)
            if strict:
                check_class_names(filename, content, model)
            return content

    Runner.load_checkpoint = load_into_runner
    runner.load_checkpoint = base.load_checkpoint = load_model  # get_model asks the former; init_cfg neither


@contextmanager
def _named(filename: str) -> Iterator[None]:
    """Name the file in the error of weights that do not fit."""
    try:
        yield
    except (CheckpointError, ValueError) as error:
        if str(error).startswith(str(filename)):
            raise
        kind = CheckpointError if isinstance(error, CheckpointError) else ValueError
        raise kind(f'{filename} was not loaded: {error}') from error


def _history_method(owner: Any, name: Any) -> Callable:
    """``getattr`` for the statistics methods of ``HistoryBuffer``, and for nothing else."""
    HistoryBuffer()  # the first instance registers the four default methods
    # A pickle can add entries to the registry, so membership is not enough: it must be the class's own method.
    if owner is HistoryBuffer and isinstance(name, str) and name in HistoryBuffer._statistics_methods:
        method = getattr(HistoryBuffer, name, None)
        if method is HistoryBuffer._statistics_methods[name]:
            return method
    owner = getattr(owner, '__name__', owner)
    raise pickle.UnpicklingError(f'GLOBAL getattr({owner}, {name!r}) was not allowed')


def _encode_latin1(text: str, codec: str) -> bytes:
    """``_codecs.encode`` for the codec latin1 alone: others may call any function that was registered."""
    if codec != 'latin1' or not isinstance(text, str):
        raise pickle.UnpicklingError(f'GLOBAL _codecs.encode({type(text).__name__}, {codec!r}) was not allowed')
    return text.encode(codec)


def _some(keys: dict) -> str:
    return ', '.join(map(str, list(keys)[:2])) + (', ...' if len(keys) > 2 else '')
