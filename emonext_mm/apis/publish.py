"""Publish a trained model: one small file with its weights, its calibration and its measured figures."""
from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from emonext_mm import compat
from emonext_mm.apis.measure import measure
from emonext_mm.evaluation.measurement import format_measurement
from emonext_mm.models.weights.packaged import to_safetensors
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


def publish(config: str | Path, checkpoint: str | Path, out: str | Path, *, command: str, data: str,
            split: str = 'val') -> Published:
    """Write a checkpoint as a safetensors file with float16 weights, calibrated and measured on a split.

    The figures in the metadata are those of the written file itself, not of the checkpoint.

    Args:
        config: config file.
        checkpoint: file, or the work dir of a training.
        out: file to write, .safetensors.
        command: command that trained the model.
        data: name of the training data.
        split: split for the temperature and the figures; 'val' is PublicTest.

    Raises:
        ValueError: the model's head has no temperature, or the accuracy in float16 differs by more than 0.1 points.
        OSError: a file cannot be read or written.
        CheckpointError: the checkpoint was refused.
    """
    compat.setup()
    checkpoint = find_checkpoint(checkpoint)
    content = read_checkpoint(checkpoint)
    weights, meta = content['state_dict'], content.get('meta', {})
    if TEMPERATURE not in weights:
        raise ValueError(f'{checkpoint}: no {TEMPERATURE}; SARegClsHead has one')
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


def _describe(config: str | Path, meta: dict, conditions: dict, command: str, data: str) -> dict[str, Any]:
    cfg = Config.fromfile(config)
    return dict(
        dataset_meta=dict(classes=list(meta['dataset_meta']['classes'])),
        **{key: conditions[key] for key in ('config', 'epoch', 'weights')},
        preprocessing=to_plain(cfg.data_preprocessor.to_dict()),
        provenance=dict(commit=_commit(config), command=command, data=data, seed=meta.get('seed'),
                        trained=meta.get('time'), published=date.today().isoformat(), torch=torch.__version__),
    )


def _compare(trained: dict, published: dict) -> None:
    before, after = (figures['single_view']['accuracy'] for figures in (trained, published))
    if abs(after - before) > TOLERANCE:
        raise ValueError(f'accuracy {before:.2f} % becomes {after:.2f} % in float16; at most {TOLERANCE} points of '
                         'difference are accepted')


def _commit(config: str | Path) -> str:
    """Commit of the checkout that holds the config, with ``-dirty`` if files differ from it."""
    command = ['git', '-C', str(Path(config).resolve().parent), 'describe', '--always', '--exclude=*', '--abbrev=40',
               '--dirty']
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or 'unknown'
