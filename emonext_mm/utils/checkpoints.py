"""The one reader of checkpoints: weights-only, within bounds, with one error in one line for every file refused."""
from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.runner import checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors import safe_open
from torch import Tensor

from emonext_mm.utils.checkpoint_content import check_content, check_tensors
from emonext_mm.utils.errors import CheckpointError
from emonext_mm.utils.files import check_regular

_REFUSED = re.compile(r'GLOBAL (.+?) (?:was|whose)|unrecognized function (<.+?>)|allowlisted .* got (<.+?>)')


def read_checkpoint(filename: str | Path) -> dict:
    """Read a checkpoint file or URL weights-only onto the CPU; safetensors too.

    Raises:
        CheckpointError: see :func:`load_bounded`.
        FileNotFoundError: there is no such file.
    """
    filename = str(filename)
    if filename.endswith('.safetensors'):
        return read_safetensors(filename)[0]
    return load_bounded(lambda: CheckpointLoader.load_checkpoint(filename, 'cpu', logger='silent'), filename)


def load_bounded(load: Callable[[], Any], filename: str) -> dict:
    """Call a loader of a checkpoint weights-only; check the file before that, and the content after it.

    Raises:
        CheckpointError: the file asks for code, is damaged, unpacks to more than its own size, or has content that is
            no checkpoint, see :func:`~emonext_mm.utils.checkpoint_content.check_content`.
        OSError: the file cannot be found or read, or a URL not be reached.
    """
    with weights_only(), clear_errors(filename):
        _check_archive(filename)
        content = load()
        check_content(content)
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
def clear_errors(filename: str | Path) -> Iterator[None]:
    """Name the file and the reason in one line, whatever is raised: a damaged pickle raises almost anything.

    Raises:
        CheckpointError: anything but an OSError or an ImportError was raised.
    """
    try:
        yield
    except (OSError, ImportError):
        raise
    except Exception as error:
        text = ' '.join(str(error).split())
        if text.startswith(f'{filename} was not loaded: '):  # by a reader inside
            raise
        raise CheckpointError(f'{filename} was not loaded: {_reason(error, text)}') from error


def _reason(error: Exception, text: str) -> str:
    if isinstance(error, CheckpointError):
        return text
    refused = _REFUSED.search(text)
    if refused:
        name = next(filter(None, refused.groups()))
        return (f'it asks for {name}, which could run code; only tensors and the plain values of a training checkpoint '
                'are accepted')
    return f'truncated, damaged or no checkpoint ({type(error).__name__}: {text.partition(". ")[0][:150]})'


def _check_archive(filename: str) -> None:
    """Refuse an archive that unpacks to more than its own size. ``torch.save`` compresses nothing.

    Raises:
        CheckpointError: see above.
    """
    filename = os.path.expanduser(filename)
    if not os.path.isfile(filename):
        return
    with open(filename, 'rb') as file:
        if file.read(4) != b'PK\3\4':  # torch asks the same
            return
    with zipfile.ZipFile(filename) as archive:
        declared = sum(entry.file_size for entry in archive.infolist())
    if declared > os.path.getsize(filename):
        raise CheckpointError(f'it unpacks to {declared:,} bytes, more than its own size')


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
        CheckpointError: the file is damaged, or holds tensors that are no weights.
        OSError, ValueError: there is no such file, or it is no regular one.
    """
    check_regular(filename)
    with clear_errors(filename):
        with safe_open(filename, 'pt') as file:
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
        check_tensors(weights)
    return weights, metadata
