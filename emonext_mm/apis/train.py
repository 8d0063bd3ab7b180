"""Train a model."""
from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from emonext_mm import compat
from emonext_mm.compat.config import prepare_train
from emonext_mm.engine.hooks import CommitHook
from emonext_mm.evaluation.protocol import check_protocol
from emonext_mm.utils.command_line import merge_train_options
from emonext_mm.utils.work_dir import best_checkpoint, last_checkpoint, lock_work_dir

_RANK = {'none': '', 'pytorch': 'RANK', 'slurm': 'SLURM_PROCID', 'mpi': 'OMPI_COMM_WORLD_RANK'}


@dataclass(frozen=True)
class TrainResult:
    """The outcome of a training."""

    work_dir: Path
    best: Path | None  # the checkpoint of the best validation, if one was kept
    last: Path | None  # the checkpoint of the last epoch


def train(
    config: str | Path | Config,
    work_dir: str | Path | None = None,
    *,
    resume: bool | str | Path | None = None,
    cfg_options: dict[str, Any] | None = None,
    amp: bool = False,
    no_validate: bool = False,
    auto_scale_lr: bool = False,
    no_pin_memory: bool = False,
    no_persistent_workers: bool = False,
    launcher: str = 'none',
) -> TrainResult:
    """Train the model of a config, as ``tools/train.py`` does.

    Args:
        config: file, or config.
        work_dir: folder of checkpoints and logs; ``work_dirs/<name of the config>`` when None.
        resume: True or 'auto' continues from the last checkpoint of the work dir, if there is one; a path continues
            from that checkpoint.
        cfg_options: changes to the config by dotted key, such as ``{'train_cfg.max_epochs': 3}``.
        amp, no_validate, auto_scale_lr, no_pin_memory, no_persistent_workers, launcher: options of MMPretrain's
            ``tools/train.py``.

    Raises:
        ValueError: ``resume`` is a published model, the config trains or validates on the wrong split, sets
            ``model.data_preprocessor`` beside ``data_preprocessor``, or another training works in the work dir.
        OSError: the config, the data or the pretrained weights cannot be read.
        CheckpointError: the checkpoint to resume from was refused.
    """
    compat.setup()
    if str(resume).endswith('.safetensors'):
        raise ValueError(f'{resume} has no state of a training to resume; start from its weights by load_from={resume}')
    cfg = merge_train_options(config, dict(
        work_dir=None if work_dir is None else str(work_dir),
        resume='auto' if resume is True else str(resume) if resume else None,
        cfg_options=cfg_options, amp=amp, no_validate=no_validate, auto_scale_lr=auto_scale_lr,
        no_pin_memory=no_pin_memory, no_persistent_workers=no_persistent_workers, launcher=launcher))
    cfg = prepare_train(cfg)
    check_protocol(cfg)
    first = os.environ.get(_RANK[launcher], '0') == '0'  # the first process holds the lock for all
    with lock_work_dir(cfg.work_dir) if first else nullcontext():
        runner = Runner.from_cfg(cfg)
        runner.register_hook(CommitHook())
        runner.train()
    return TrainResult(Path(cfg.work_dir), best_checkpoint(cfg.work_dir), last_checkpoint(cfg.work_dir))
