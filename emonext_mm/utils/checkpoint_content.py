"""What a checkpoint may contain: named tensors of real numbers in memory, and a dict of metadata."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from emonext_mm.utils.errors import CheckpointError
from emonext_mm.utils.strangers import list_names, shorten, show_name

SHOWN = 3  # names of a kind in a message
SPARE = 2**30  # bytes by which the tensors may exceed the memory behind them


def check_content(content: Any) -> None:
    """Check the content of a checkpoint file, and drop what would be run.

    MMEngine executes the text ``meta.config`` as Python when it resumes. ``check`` in the metadata of the weights is a
    function of our own loaders, which no file may bring.

    Raises:
        CheckpointError: the content is no dict of weights and metadata; a tensor is none of weights, see
            :func:`check_tensors`. The message does not name the file.
    """
    if not isinstance(content, dict):
        raise CheckpointError(f'expected a dict of weights, got {type(content).__name__}')
    weights, meta = content.get('state_dict', content), content.get('meta', {})
    average = content.get('ema_state_dict', {})
    for name, part in (('state_dict', weights), ('ema_state_dict', average), ('meta', meta)):
        if not isinstance(part, dict):
            raise CheckpointError(f'expected a dict as its {name}, got {type(part).__name__}')
    wrong = next((key for key in weights if not isinstance(key, str)), None)
    if wrong is not None:
        raise CheckpointError(f'expected names of weights, got {str(wrong)[:80]}')
    check_tensors(content)
    meta.pop('config', None)
    for entry in getattr(weights, '_metadata', {}).values():
        entry.pop('check', None)


def check_resumable(content: dict) -> None:
    """Check that a checkpoint has the state of a training.

    Raises:
        CheckpointError: it lacks some; the message says which, and does not name the file.
    """
    meta = content.get('meta', {})
    missing = [f'meta.{key}' for key in ('epoch', 'iter') if not isinstance(meta.get(key), int)]
    missing += [key for key in ('state_dict', 'message_hub', 'optimizer') if not isinstance(content.get(key), dict)]
    if missing:
        raise CheckpointError(f'it cannot be resumed, for it lacks {", ".join(missing)}; to start from its weights, '
                              'set load_from')


def stored_classes(checkpoint: dict) -> tuple[str, ...] | None:
    """Class names of a checkpoint; None where it has none."""
    classes = _stored(checkpoint)
    is_list = isinstance(classes, (list, tuple)) and all(isinstance(name, str) for name in classes)
    return tuple(classes) if is_list and classes else None


def check_class_names(filename: str, checkpoint: dict, model: nn.Module) -> None:
    """Check that a checkpoint names as many classes as the model has, if it names any.

    Args:
        filename: of the checkpoint, for the message.

    Raises:
        ValueError: it names another number, or not by a list of text.
    """
    stored, names = _stored(checkpoint), stored_classes(checkpoint)
    number = getattr(getattr(model, 'head', None), 'num_classes', None)
    if stored is None or not isinstance(number, int):
        return
    if names is None:
        raise ValueError(f'{filename}: the class names are {shorten(stored)}, expected a list of text')
    if len(names) != number:
        raise ValueError(f'{filename}: {len(names)} class names ({list_names(names)}), for a model of {number} classes')


def _stored(checkpoint: dict) -> Any:
    meta = checkpoint.get('meta') or {}
    known = meta.get('dataset_meta')
    return known.get('classes') if isinstance(known, dict) else meta.get('CLASSES')  # of MMClassification


def check_finite(weights: Mapping[str, Any], model: Mapping[str, Tensor] | None = None) -> None:
    """Check that weights have no NaN and no infinite number.

    Args:
        weights: by name.
        model: tensors of the model by name. Where they are infinite themselves, as masks of attention, weights may be.

    Raises:
        CheckpointError: see above; the message has the name of the first one, and does not name the file.
    """
    for name, value in weights.items():
        if not isinstance(value, Tensor) or not value.is_floating_point() or value.isfinite().all():
            continue
        own = (model or {}).get(name)
        wrong = ~value.isfinite()
        if own is not None and own.shape == value.shape:
            wrong &= value.isnan() | ~own.detach().to(value.device).isinf()
        if wrong.any():
            raise CheckpointError(f'{int(wrong.sum()):,} of the {value.numel():,} numbers of {name} are not finite, '
                                  f'the first is {float(value[wrong][0])}')


def describe_misfit(model: Mapping[str, Tensor], weights: Mapping[str, Any], unset: Iterable[str] | None = None,
                    unexpected: Iterable[str] | None = None) -> str:
    """Describe the keys and shapes in which the weights of a file differ from a model; empty if there are none.

    Args:
        model: tensors by name.
        weights: those of the file.
        unset: names of tensors of the model that the file does not set, where a model renames what it loads. MMEngine
            does not ask for ``num_batches_tracked``, which older files lack.
        unexpected: names of weights that the model does not have, likewise.
    """
    if unset is None:
        unset = [key for key in model if getattr(weights.get(key), 'shape', None) != model[key].shape]
    else:
        unset = [key for key in unset if 'num_batches_tracked' not in key]
    unexpected = [key for key in weights if key not in model] if unexpected is None else list(unexpected)
    shaped = [key for key in unset if hasattr(weights.get(key), 'shape')]
    shapes = [f', the first {tuple(weights[key].shape)} instead of {tuple(model[key].shape)}' for key in shaped[:1]]
    return '; '.join(filter(None, [
        count_keys([key for key in unset if key not in shaped], 'missing'),
        count_keys(unexpected, 'unexpected'),
        ''.join([count_keys(shaped, 'of another shape'), *shapes]),
    ]))


def count_keys(keys: list[str], problem: str) -> str:
    """Format keys as '4 missing (norm3.weight, norm3.bias, gamma and 1 more)'; empty without keys."""
    more = f' and {len(keys) - SHOWN} more' if len(keys) > SHOWN else ''
    return f'{len(keys)} {problem} ({", ".join(map(show_name, keys[:SHOWN]))}{more})' if keys else ''


def check_tensors(content: Any) -> None:
    """Check all tensors in lists and dicts, at any depth, and that no dict has attributes but a module's metadata.

    Raises:
        CheckpointError: a dict has others; a tensor is complex, sparse, quantised, nested or without data (meta); or
            all tensors together need over 1 GiB more than the memory behind them, as expanded ones do.
    """
    needed, stored = 0, {}
    for name, tensor in _find_tensors(content):
        if type(tensor) not in (Tensor, nn.Parameter) or tensor.is_meta or tensor.is_complex() or _is_special(tensor):
            kind = 'meta' if tensor.is_meta else str(tensor.layout).removeprefix('torch.')
            raise CheckpointError(f'expected dense tensors of real numbers with data, {name} is {kind} {tensor.dtype}')
        needed += tensor.numel() * tensor.element_size()
        storage = tensor.untyped_storage()
        stored[storage.data_ptr()] = storage.nbytes()
    if needed > sum(stored.values()) + SPARE:
        raise CheckpointError(f'its tensors need {needed:,} bytes, it has {sum(stored.values()):,}')


def _is_special(tensor: Tensor) -> bool:
    return tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested


def _find_tensors(content: Any) -> Iterator[tuple[str, Tensor]]:
    """Each tensor once, with its key. No recursion, and no object twice: a file may nest deeply, or itself."""
    seen, rest = set(), [('content', content)]
    while rest:
        name, value = rest.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Tensor):
            yield name, value
        elif isinstance(value, dict):
            _check_attributes(name, vars(value) if hasattr(value, '__dict__') else {})
            rest += [(str(key)[:80], item) for key, item in value.items()]
        elif isinstance(value, (list, tuple, set)):
            rest += [(name, item) for item in value]


def _check_attributes(name: str, attributes: dict) -> None:
    """A pickle may give an ordered dict any attributes, also in place of its methods."""
    metadata = attributes.get('_metadata', {})
    if attributes.keys() - {'_metadata'} or type(metadata) not in (dict, OrderedDict):
        raise CheckpointError(f'expected a plain dict, {name} has the attributes {", ".join(map(str, attributes))}')
    if not all(type(entry) is dict for entry in metadata.values()):
        raise CheckpointError(f'expected dicts in the metadata of the weights, {name} has others')
