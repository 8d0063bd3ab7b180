"""Pickled arrays of NumPy, also of Python 2, read without running code: the pickle builds stand-ins of this file."""
from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emonext_mm.utils.checkpoints import clear_errors
from emonext_mm.utils.errors import CheckpointError
from emonext_mm.utils.files import check_regular

SUFFIXES = ('.pkl', '.pickle')


def read_arrays(path: str | Path) -> dict[str, Tensor]:
    """Read a pickled dict of arrays; their numbers are in the byte order of this machine.

    Raises:
        CheckpointError: the file asks for anything but arrays of numbers and dicts, is damaged, or its arrays need more
            bytes than the file has.
        OSError, ValueError: there is no such file, or it is no regular one.
    """
    check_regular(path)
    with clear_errors(path):
        with open(path, 'rb') as file:
            content = _Unpickler(file, encoding='latin1').load()
        if type(content) is not dict:
            raise CheckpointError(f'expected a dict of arrays, got {type(content).__name__}')
        wrong = next((key for key, value in content.items() if type(key) is not str or type(value) is not _Array), None)
        if wrong is not None:
            raise CheckpointError(f'expected arrays by name, the entry {str(wrong)[:80]} is another')
        needed, size = sum(len(each.content) for each in content.values()), os.path.getsize(path)
        if needed > size:
            raise CheckpointError(f'its arrays need {needed:,} bytes, it has {size:,}')
        return {key: value.to_tensor() for key, value in content.items()}


class _Dtype:
    """In place of ``numpy.dtype``."""

    def __init__(self, code: str, *_: Any) -> None:
        self.code, self.order = code, '='

    def __setstate__(self, state: tuple) -> None:
        self.order = state[1]

    def to_numpy(self) -> np.dtype:
        if not re.fullmatch('[<>=]?[fi][248]', self.order + self.code):
            raise CheckpointError(f'expected numbers, got the type {self.order}{self.code}'[:100])
        return np.dtype(self.order + self.code)


class _Array:
    """In place of ``numpy.ndarray`` and of the function that makes an empty one."""

    content: bytes | str = b''

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: tuple) -> None:
        _, self.shape, self.dtype, self.columns_first, self.content = state

    def to_tensor(self) -> Tensor:
        content = self.content.encode('latin1') if isinstance(self.content, str) else self.content
        numbers = np.frombuffer(content, self.dtype.to_numpy())
        numbers = numbers.astype(numbers.dtype.newbyteorder('='))  # a copy, which can be written to
        return torch.from_numpy(numbers.reshape(self.shape, order='F' if self.columns_first else 'C'))


class _Bytes:
    """In place of ``_codecs.encode`` and ``bytes``, by which Python 3 writes bytes for Python 2."""

    def __new__(cls, text: str = '', *_: Any) -> bytes:
        return text.encode('latin1')

    def __setstate__(self, state: Any) -> None:
        raise CheckpointError('it sets the state of a function')


class _Unpickler(pickle.Unpickler):
    """Unpickler of the stand-ins alone."""

    def find_class(self, module: str, name: str) -> type:
        found = {
            ('numpy', 'dtype'): _Dtype, ('numpy', 'ndarray'): _Array, ('collections', 'OrderedDict'): dict,
            ('_codecs', 'encode'): _Bytes, ('__builtin__', 'bytes'): _Bytes,
            ('numpy.core.multiarray', '_reconstruct'): _Array,
            ('numpy._core.multiarray', '_reconstruct'): _Array,
        }.get((module, name))
        if found is None:
            raise CheckpointError(f'it asks for {module}.{name}, which could run code; only arrays are accepted')
        return found
