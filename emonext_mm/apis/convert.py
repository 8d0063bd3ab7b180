"""Conversion of foreign checkpoints to OpenMMLab's format, which every config can load."""
from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import torch
from mmpretrain.models import ConvNeXt
from torch import Tensor

from emonext_mm import compat
from emonext_mm.emotions import CLASSES
from emonext_mm.models.weights.authors import from_authors
from emonext_mm.models.weights.convnext import SOURCES, check_backbone, size_of, to_backbone
from emonext_mm.utils.checkpoints import read_checkpoint
from emonext_mm.utils.files import write_atomic

ALL_SOURCES = ('authors', *SOURCES)


@dataclass(frozen=True)
class Converted:
    """A converted checkpoint file."""

    path: Path
    source: str
    arch: str  # size of the model, such as 'tiny'
    weights: str | None  # 'EMA', 'raw' or 'unknown' for a whole model; None for a backbone


def convert(src: str | Path, dst: str | Path, source: str) -> Converted:
    """Convert a checkpoint file to ``dict(meta=..., state_dict=...)``.

    Deterministic: the same input gives the same bytes. A file that has been converted from this source before is
    copied unchanged, so that ``dst`` may be ``src``.

    Args:
        src: file or URL, read weights-only.
        dst: file that is written whole or not at all.
        source: 'authors' (converts a whole model) or one of ``SOURCES`` (converts a backbone, without its classifier).

    Raises:
        CheckpointError, OSError: a file cannot be read or written.
        ValueError: the source is unknown, or ``src`` is not a file of that source; the message names both the file
            and the fault.
    """
    compat.setup()
    if source not in ALL_SOURCES:
        raise ValueError(f'unknown source {source!r}, expected one of {", ".join(ALL_SOURCES)}')
    checkpoint = read_checkpoint(src)
    done = _converted_from(checkpoint)
    try:
        if done not in (None, source):
            raise ValueError(f'already converted, from {done}; it can be used as it is')
        checkpoint = checkpoint if done else _convert(checkpoint, source)
    except ValueError as error:
        raise ValueError(f'{src}: {error}') from None
    content = io.BytesIO()  # torch.save to a path would write the path's name into the file
    torch.save(checkpoint, content)
    write_atomic(dst, content.getbuffer())
    meta = checkpoint['meta']
    return Converted(Path(dst), source, meta['arch'], meta.get('weights'))


def _converted_from(checkpoint: dict) -> str | None:
    """The source of a file of :func:`convert`; None for any other checkpoint."""
    meta = checkpoint.get('meta', {})
    done = 'state_dict' in checkpoint and isinstance(meta.get('arch'), str) and meta.get('converted_from')
    return done if isinstance(done, str) else None


def _convert(checkpoint: dict, source: str) -> dict:
    if source == 'authors':
        weights, size, kind = from_authors(checkpoint)
        meta = dict(converted_from=source, arch=size, weights=kind, dataset_meta=dict(classes=CLASSES))
        return dict(meta=meta, state_dict=weights)
    weights = to_backbone(checkpoint, source)
    size = size_of(weights)
    check_backbone(_backbone(size, weights), weights)
    return dict(meta=dict(converted_from=source, arch=size),
                state_dict=OrderedDict((f'backbone.{key}', value) for key, value in weights.items()))


def _backbone(size: str, weights: dict[str, Tensor]) -> ConvNeXt:
    """A ConvNeXt or ConvNeXt V2 with the parameters that the weights must have."""
    v2 = any('.grn.' in key for key in weights)
    return ConvNeXt(arch=size, use_grn=v2, layer_scale_init_value=0 if v2 else 1e-6)
