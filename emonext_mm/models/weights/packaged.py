"""Trained models as safetensors files: float16 weights, with provenance and figures in the metadata.

The import of ``emonext_mm`` registers the format in MMEngine's loader, so that ``load_checkpoint``, ``load_from`` and
MMPretrain's ``get_model`` read such a file like any other checkpoint.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors.torch import save
from torch import Tensor

from emonext_mm.utils.checkpoints import read_safetensors
from emonext_mm.utils.errors import CheckpointError
from emonext_mm.utils.strangers import check_plain, parse_json

FOLDER = Path(__file__).parents[2] / 'pretrained'  # the files that come with this package
KEY = 'emonext_mm'  # of the metadata


def to_safetensors(weights: dict[str, Tensor], meta: dict[str, Any]) -> bytes:
    """Serialise weights, floating-point ones as float16, and metadata, which JSON must be able to hold.

    Raises:
        ValueError: a weight is not finite in float16; the message names it.
    """
    half = {key: value.half() if value.is_floating_point() else value for key, value in weights.items()}
    for key, value in half.items():
        if not value.isfinite().all():
            raise ValueError(f'{key} is not finite in float16; its largest value is {weights[key].abs().max():.4g}')
    half = {key: value.contiguous() for key, value in half.items()}
    return save(half, {'format': 'pt', KEY: json.dumps(meta, allow_nan=False)})


def load_from_safetensors(filename: str | Path, map_location: Any = None) -> dict:
    """Load a file of :func:`to_safetensors` as a checkpoint of OpenMMLab, ``dict(meta=..., state_dict=...)``, float32.

    Raises:
        CheckpointError: the file is damaged, or has no metadata of this package.
        FileNotFoundError: there is no such file.
    """
    weights, meta = read_safetensors(filename)
    if KEY not in meta:
        raise CheckpointError(f'{filename} was not loaded: its metadata has no entry {KEY!r}; weights of timm are '
                              f'loaded as timm://{filename}')
    device = map_location if isinstance(map_location, (str, torch.device)) else 'cpu'
    weights = {key: value.to(device, torch.float32 if value.is_floating_point() else None)
               for key, value in weights.items()}
    return dict(meta=_parse(meta[KEY], filename), state_dict=weights)


def _parse(text: str, filename: str | Path) -> dict[str, Any]:
    try:
        meta = parse_json(text, KEY)
        check_plain(meta, KEY)
    except ValueError:
        meta = None
    if not isinstance(meta, dict):
        raise CheckpointError(f'{filename} was not loaded: the entry {KEY!r} of its metadata is damaged')
    return meta


# A file, no URL. Forced: a module that is imported again replaces its own entry.
CheckpointLoader.register_scheme(r'(?!\w+://).*\.safetensors$', load_from_safetensors, force=True)
