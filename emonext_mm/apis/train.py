"""Train a model."""
from __future__ import annotations

import os
import traceback
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import RUNNERS

from emonext_mm import compat
from emonext_mm.compat.config import prepare_train
from emonext_mm.engine.hooks import (
    ClassOrderHook,
    CommitHook,
    FiniteHook,
    InterruptHook,
    ResumableHook,
    StepSeedHook,
)
from emonext_mm.engine.start import check_start
from emonext_mm.evaluation.protocol import check_protocol
from emonext_mm.utils.command_line import merge_train_options
from emonext_mm.utils.interrupt import stop_signals
from emonext_mm.utils.options import explain_unknown_keys
from emonext_mm.utils.work_dir import (
    best_checkpoint,
    last_checkpoint,
    lock_work_dir,
    resumable_checkpoint,
    set_aside,
)

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
        work_dir: folder of checkpoints and logs; ``work_dirs/<name of the config>`` when None. A training that does not
            resume moves the checkpoints of an earlier one into a subfolder, see
            :func:`~emonext_mm.utils.work_dir.set_aside`.
        resume: True or 'auto' continues from the last checkpoint of the work dir, if there is one; a path continues
            from that checkpoint.
        cfg_options: changes to the config by dotted key, such as ``{'train_cfg.max_epochs': 3}``.
        amp, no_validate, auto_scale_lr, no_pin_memory, no_persistent_workers, launcher: options of MMPretrain's
            ``tools/train.py``.

    Raises:
        ValueError: ``resume`` is a published model, the config trains or validates on the wrong split, sets
            ``model.data_preprocessor`` beside ``data_preprocessor``, has an unknown key, asks for a metric or a batch
            that there is not (see :func:`~emonext_mm.engine.start.check_start`), another training works in the work
            dir, or ``load_from`` is a checkpoint of an earlier training in it.
        OSError: the config, the data or the pretrained weights cannot be read.
        CheckpointError: the checkpoint to resume from was refused.
        FloatingPointError: the loss is not finite.
        Interrupted: Ctrl-C, SIGTERM or SIGUSR1 ended the training, see
            :class:`~emonext_mm.engine.hooks.InterruptHook`.
    """
    compat.setup()
    if str(resume).endswith('.safetensors'):
        raise ValueError(f'{resume} has no state of a training to resume; start from its weights by load_from={resume}')
    auto = resume in (True, 'auto')
    cfg = merge_train_options(config, dict(
        work_dir=None if work_dir is None else str(work_dir),
        resume=None if auto or not resume else str(resume),
        cfg_options=cfg_options, amp=amp, no_validate=no_validate, auto_scale_lr=auto_scale_lr,
        no_pin_memory=no_pin_memory, no_persistent_workers=no_persistent_workers, launcher=launcher))
    if auto:
        found = resumable_checkpoint(cfg.work_dir)
        cfg.resume = found is not None
        cfg.load_from = str(found) if found else cfg.get('load_from')  # MMPretrain drops the config's own
    cfg = prepare_train(cfg)
    first = os.environ.get(_RANK[launcher], '0') == '0'  # the first process holds the lock for all
    with (stop_signals(at_once=launcher == 'none') as request,
          lock_work_dir(cfg.work_dir) if first else nullcontext(), explain_unknown_keys(cfg)):
        if first and not cfg.get('resume'):
            set_aside(cfg.work_dir, cfg.get('load_from'))
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
        for hook in (CommitHook(), ResumableHook(), ClassOrderHook(), StepSeedHook(), FiniteHook(),
                     InterruptHook(request)):
            runner.register_hook(hook)
        check_start(runner)
        check_protocol(runner.train_dataloader.dataset, runner.val_dataloader.dataset if runner.val_loop else None)
        _run(runner)
    return TrainResult(Path(cfg.work_dir), best_checkpoint(cfg.work_dir), last_checkpoint(cfg.work_dir))


def _run(runner: Runner) -> None:
    """Train, and end the workers of the data loaders whatever happens: the exit of the process would wait for them.

    Raises:
        Interrupted: as :func:`train` does.
        ChildProcessError: a worker of a data loader died.
    """
    try:
        runner.train()
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)  # they hold the iterator of the epoch
        if isinstance(error, (ConnectionError, EOFError)) or str(error).startswith('DataLoader worker'):
            raise ChildProcessError(f'a worker of a data loader died: {error}; go on with --resume') from error
        raise
    finally:
        runner._train_loop = runner._val_loop = None  # they hold the data loaders, which hold persistent workers
