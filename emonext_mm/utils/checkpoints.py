"""Reading checkpoints weights-only, with a one-line error for a file that is refused."""
from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.runner import checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors import SafetensorError, safe_open
from torch import Tensor

from emonext_mm.utils.errors import CheckpointError

_REFUSED = re.compile(r'GLOBAL (.+?) (?:was|whose)|unrecognized function (<.+?>)|allowlisted .* got (<.+?>)')
_DAMAGED = re.compile(
    r'PytorchStreamReader|inline_container|corrupted|unexpected EOF|TorchScript|magic number|byte size'
)


def read_checkpoint(filename: str | Path) -> dict:
    """Read a checkpoint file or URL weights-only onto the CPU; safetensors too.

    Raises:
        CheckpointError: the file asks for code, is damaged, or holds no dict.
        FileNotFoundError: there is no such file.
    """
    filename = str(filename)
    if filename.endswith('.safetensors'):
        return read_safetensors(filename)[0]
    with weights_only(), clear_errors(filename):
        content = CheckpointLoader.load_checkpoint(filename, 'cpu', logger='silent')
    if not isinstance(content, dict):
        raise CheckpointError(f'{filename} was not loaded: expected a dict of weights, got {type(content).__name__}')
    return content


@contextmanager
def weights_only() -> Iterator[None]:
    """Force torch's weights-only loader, regardless of the environment and of the caller's arguments.

    ``TORCH_FORCE_WEIGHTS_ONLY_LOAD`` is torch's own switch; torch refuses to load if its opposite is set too.
    """
    force, forbid = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD', 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'
    before = {key: os.environ.pop(key, None) for key in (force, forbid)}
    os.environ[force] = '1'
    try:
        with _without_list_of_fork():
            yield
    finally:
        del os.environ[force]
        os.environ.update({key: value for key, value in before.items() if value is not None})


@contextmanager
def clear_errors(filename: str) -> Iterator[None]:
    """Replace torch's errors on refused and damaged files by one line.

    Raises:
        CheckpointError: the file asks for code, or is damaged. All other errors pass unchanged.
    """
    try:
        yield
    except (PermissionError, ImportError, CheckpointError):
        raise
    except Exception as error:
        text = ' '.join(str(error).split())
        refused = _REFUSED.search(text)
        if refused:
            name = next(filter(None, refused.groups()))
            raise CheckpointError(
                f'{filename} was not loaded: it asks for {name}, which could run code; only tensors and '
                'the plain values of a training checkpoint are accepted'
            ) from None
        # A truncated pickle raises almost anything; a RuntimeError may also come from the device.
        damaged = _DAMAGED.search(text) if isinstance(error, RuntimeError) else os.path.isfile(filename)
        if not damaged:
            raise
        raise CheckpointError(
            f'{filename} was not loaded: truncated, damaged or no checkpoint ({type(error).__name__})'
        ) from error


@contextmanager
def _without_list_of_fork() -> Iterator[None]:
    """Empty onedl-mmengine's allow-list: it includes ``getattr`` itself, and a load removes our entries with it."""
    function = getattr(checkpoint, 'get_torch_safe_globals', None)
    if function is None:
        yield
        return
    checkpoint.get_torch_safe_globals = list
    try:
        yield
    finally:
        checkpoint.get_torch_safe_globals = function


def read_safetensors(filename: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the tensors and the metadata of a safetensors file.

    Raises:
        CheckpointError: the file is damaged.
        FileNotFoundError: there is no such file.
    """
    try:
        with safe_open(filename, 'pt') as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise CheckpointError(
            f'{filename} was not loaded: truncated, damaged or no checkpoint ({error})') from error
