"""Loading checkpoints: weights-only, and only into the model that they belong to."""
from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from emonext_mm.utils.checkpoints import clear_errors, weights_only
from emonext_mm.utils.errors import CheckpointError


def allow_checkpoint_types() -> None:
    """Let torch's weights-only loader read an MMEngine training checkpoint, and no more.

    Such a checkpoint holds the message hub beside the tensors: ``HistoryBuffer``, NumPy arrays, scalars and dtypes,
    all of which torch refuses, so that neither resume nor test works. Every name on this list builds plain data; the
    dtypes are those of numbers, booleans and text, because a forged record dtype can point anywhere in memory.
    ``HistoryBuffer`` pickles its statistics methods through ``builtins.getattr``: that name is bound to a function
    that returns those methods only.
    """
    rebuild = importlib.import_module(np.array(0).__reduce__()[0].__module__)
    functions = [(_history_method, 'builtins.getattr')]
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray'):  # NumPy 1 and 2 write different names
        functions += [(getattr(rebuild, name), f'{module}.{name}') for name in ('_reconstruct', 'scalar')]
    codes = np.typecodes['AllInteger'] + np.typecodes['AllFloat'] + '?SU'
    dtypes = {type(np.dtype(code)) for code in codes}
    torch.serialization.add_safe_globals([HistoryBuffer, np.ndarray, np.dtype, *dtypes, *functions])


def load_weights_only() -> None:
    """Make every loader of MMEngine weights-only, and report a refused or damaged file in one line.

    MMEngine calls ``torch.load`` without ``weights_only``, so ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD`` lets a file run
    code. A URL goes through ``torch.hub``, which passes ``weights_only=False``.
    """
    original = CheckpointLoader.load_checkpoint.__func__

    def load_checkpoint(cls: type, filename: str, map_location: Any = None, logger: Any = 'current') -> dict:
        with weights_only(), clear_errors(filename):
            return original(cls, filename, map_location, logger)

    CheckpointLoader.load_checkpoint = classmethod(load_checkpoint)


def refuse_foreign_weights() -> None:
    """Refuse weights of which not a single tensor fits the model.

    MMEngine loads with ``strict=False``: given the checkpoint of another model it logs a page of keys and continues,
    and every number that follows comes from a freshly initialised model. Weights with a ``check`` in their metadata,
    as :mod:`emonext_mm.models.weights.convnext` makes them, are refused too when that check raises.
    """
    original = checkpoint.load_state_dict

    def load_state_dict(module: Any, state_dict: dict, strict: bool = False, logger: Any = None) -> None:
        check = (getattr(state_dict, '_metadata', None) or {}).get('', {}).get('check')
        if check:
            check(module, state_dict)
        # Keys cannot be compared, because a model's hooks may rename them. Writing to a tensor increments its version.
        tensors = module.state_dict(keep_vars=True)
        before = [tensor._version for tensor in tensors.values()]
        original(module, state_dict, strict, logger)
        if before and before == [tensor._version for tensor in tensors.values()]:
            raise CheckpointError(
                f'nothing was loaded: not one of the {len(state_dict)} entries of the checkpoint '
                f'({_some(state_dict)}) fits {type(module).__name__} ({_some(tensors)})'
            )

    checkpoint.load_state_dict = load_state_dict


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


def _some(keys: dict) -> str:
    return ', '.join(map(str, list(keys)[:2])) + (', ...' if len(keys) > 2 else '')
