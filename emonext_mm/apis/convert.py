"""From anybody's checkpoint file to one of OpenMMLab's form, which every config can use."""
from __future__ import annotations

import io
from collections import OrderedDict
from pathlib import Path

import torch
from mmpretrain.models import ConvNeXt
from torch import Tensor

from emonext_mm.emotions import CLASSES
from emonext_mm.models.weights.authors import from_released
from emonext_mm.models.weights.convnext import SOURCES, check_backbone, size_of, to_backbone
from emonext_mm.utils.checkpoints import read_checkpoint
from emonext_mm.utils.files import write_atomic

ALL_SOURCES = ('released', *SOURCES)


def convert_file(src: str | Path, dst: str | Path, source: str) -> dict:
    """Write the weights of ``src`` to ``dst`` as ``dict(meta=..., state_dict=...)``; the same twice gives the same.

    A file that was converted from this source before is copied as it is, so that ``dst`` may be ``src``.

    Args:
        src: file, or URL, read weights-only.
        dst: written whole or not at all.
        source: 'released' (a model) or one of ``SOURCES`` (a backbone, whose classifier is left out).

    Returns:
        ``meta``: ``converted_from`` is the source, ``arch`` the size; of a model, ``weights`` is 'EMA', 'raw' or
        'unknown', and ``dataset_meta`` has the classes.

    Raises:
        CheckpointError, OSError: a file cannot be read or written.
        ValueError: ``src`` is not what the source writes; the message names it and says what is wrong.
    """
    checkpoint = read_checkpoint(src)
    meta = checkpoint.get('meta')
    done = meta.get('converted_from') if isinstance(meta, dict) else None
    try:
        if done not in (None, source):
            raise ValueError(f'it was converted from {done} before, and is used as it is')
        checkpoint = checkpoint if done else _convert(checkpoint, source)
    except ValueError as error:
        raise ValueError(f'{src}: {error}') from None
    content = io.BytesIO()  # under a name of its own torch.save would write that name too
    torch.save(checkpoint, content)
    write_atomic(dst, content.getbuffer())
    return checkpoint['meta']


def _convert(checkpoint: dict, source: str) -> dict:
    if source == 'released':
        weights, size, which = from_released(checkpoint)
        meta = dict(converted_from=source, arch=size, weights=which, dataset_meta=dict(classes=CLASSES))
        return dict(meta=meta, state_dict=weights)
    weights = to_backbone(checkpoint, source)
    size = size_of(weights)
    check_backbone(_backbone(size, weights), weights)
    return dict(meta=dict(converted_from=source, arch=size),
                state_dict=OrderedDict((f'backbone.{key}', value) for key, value in weights.items()))


def _backbone(size: str, weights: dict[str, Tensor]) -> ConvNeXt:
    """A ConvNeXt, or ConvNeXt V2, for the weights to fit into."""
    v2 = any('.grn.' in key for key in weights)
    return ConvNeXt(arch=size, use_grn=v2, layer_scale_init_value=0 if v2 else 1e-6)
