"""Publish a trained model: one small file with its weights, its calibration and its measured figures."""
from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor

from emonext_mm import compat
from emonext_mm.apis.measure import measure
from emonext_mm.evaluation.measurement import format_measurement
from emonext_mm.models.weights.packaged import to_safetensors
from emonext_mm.utils.checkpoint_content import stored_classes
from emonext_mm.utils.checkpoints import read_checkpoint
from emonext_mm.utils.files import write_atomic
from emonext_mm.utils.plain import to_plain
from emonext_mm.utils.work_dir import find_checkpoint

TOLERANCE = 0.1  # points of accuracy that float16 weights may differ from float32
TEMPERATURE = 'head.temperature'


@dataclass(frozen=True)
class Published:
    """A published model."""

    path: Path
    meta: dict
    text: str  # the measured figures


def publish(
    config: str | Path,
    checkpoint: str | Path,
    out: str | Path,
    *,
    command: str,
    data: str,
    commit: str | None = None,
    split: str = 'val',
) -> Published:
    """Write a checkpoint as a safetensors file with float16 weights, calibrated and measured on a split.

    The figures in the metadata are those of the written file itself, not of the checkpoint.

    Args:
        config: config file.
        checkpoint: file, or the work dir of a training.
        out: file to write, .safetensors.
        command: command that trained the model.
        data: name of the training data.
        commit: commit of the training; None for that in the checkpoint.
        split: split for the temperature and the figures; 'val' is PublicTest.

    Raises:
        ValueError: ``out`` or the checkpoint has the wrong suffix, a weight is not finite in float16, the commit of the
            training is unknown, the checkpoint has no class names or no temperature, or the accuracy in float16 differs
            by more than 0.1 points.
        OSError: a file cannot be read or written.
        CheckpointError: the checkpoint was refused.
    """
    compat.setup()
    _check_out(Path(out))
    checkpoint = find_checkpoint(checkpoint)
    weights, meta = _read(checkpoint, commit)
    trained = measure(config, checkpoint, split=split).figures
    weights[TEMPERATURE] = torch.tensor(trained['calibration']['temperature'])
    card = _describe(config, meta, trained['conditions'], command, data)
    with tempfile.TemporaryDirectory() as folder:  # the figures are those of the file
        draft = Path(folder) / Path(out).name
        draft.write_bytes(to_safetensors(weights, card))
        figures = measure(config, draft, split=split).figures
    _compare(trained, figures)
    figures['conditions']['checkpoint'] = Path(out).name
    card['figures'] = figures
    write_atomic(out, to_safetensors(weights, card))
    return Published(Path(out), card, format_measurement(figures))


def _check_out(out: Path) -> None:
    if out.suffix != '.safetensors':
        raise ValueError(f'{out}: models are written to a .safetensors file')
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise PermissionError(f'{out}: cannot be written')


def _read(checkpoint: Path, commit: str | None) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights and ``meta`` of a checkpoint, ``meta`` with the commit."""
    if checkpoint.suffix == '.safetensors':
        raise ValueError(f'{checkpoint} is a published model already; give the checkpoint of its training')
    content = read_checkpoint(checkpoint)
    weights, meta = content.get('state_dict', {}), content.get('meta', {})
    if TEMPERATURE not in weights:
        raise ValueError(f'{checkpoint}: no {TEMPERATURE}, which a checkpoint of SARegClsHead has')
    if stored_classes(content) is None:
        raise ValueError(f'{checkpoint}: no dataset_meta with the class names, which a checkpoint of a training has')
    if not (commit or meta.get('commit')):
        raise ValueError(f'{checkpoint}: no commit of the training; give it (--commit)')
    to_safetensors(weights, {})  # an error before the model is measured
    return weights, dict(meta, commit=commit or meta['commit'])


def _describe(config: str | Path, meta: dict, conditions: dict, command: str, data: str) -> dict[str, Any]:
    cfg = Config.fromfile(config)
    return dict(
        dataset_meta=dict(classes=list(meta['dataset_meta']['classes'])),
        **{key: conditions[key] for key in ('config', 'epoch', 'weights')},
        iter=conditions.get('iteration'),
        preprocessing=to_plain(cfg.data_preprocessor.to_dict()),
        provenance=dict(commit=meta['commit'], command=command, data=data, seed=meta.get('seed'),
                        trained=meta.get('time'), published=date.today().isoformat()),
    )


def _compare(trained: dict, published: dict) -> None:
    before, after = (figures['single_view']['accuracy'] for figures in (trained, published))
    if abs(after - before) > TOLERANCE:
        raise ValueError(f'accuracy {before:.2f} % becomes {after:.2f} % in float16; at most {TOLERANCE} points of '
                         'difference are accepted')
