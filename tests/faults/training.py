"""Trainings of a tiny model as forked processes: ``tools/train.py`` without the seconds of its imports."""
from __future__ import annotations

import atexit
import io
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tests.faults.instants import Instants
from tests.helpers.scripts import ROOT, run_script

LIMIT = 120  # seconds for one training
CONFIG = f"""
_base_ = {str(ROOT / 'configs' / 'emonext_atto_synthetic.py')!r}
model = dict(
    backbone=dict(arch=dict(_delete_=True, depths=[1, 1], channels=[8, 16]), se_after=[1], out_indices=1,
                  drop_path_rate=0.3),
    head=dict(in_channels=16))
data_preprocessor = dict(
    localization_size=18, view=dict(type='AffineView', size=48, shift=4),
    photometry=dict(type='RandomPhotometry', noise=0.1), batch_augments=dict(augments=dict(type='Mixup', alpha=0.4)))
train_dataloader = dict(
    num_workers=1, batch_size=8, dataset=dict(num_samples=36, pipeline=[
        dict(type='ToGrey'), dict(type='RandomFlip', prob=0.5), dict(type='ColorJitter', brightness=0.5),
        dict(type='PackInputs')]))
val_dataloader = dict(num_workers=1, batch_size=8, dataset=dict(num_samples=21), persistent_workers=True)
train_cfg = dict(max_epochs=4)
optim_wrapper = dict(optimizer=dict(lr=3e-3))
default_hooks = dict(checkpoint=dict(save_best='calibration/ece', rule='less'))  # smallest after the second epoch
randomness = dict(seed=7)
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)]
"""


@dataclass(frozen=True)
class End:
    """How a training ended: exit status, or minus the signal that killed it; and what it wrote."""

    status: int
    output: str
    seconds: float


def start(work_dir: Path, *options: str, act: Callable[[Instants], None] | None = None, at: str | None = None,
          log: Path | None = None, rank: int | None = None, ranks: int = 1, port: int = 0) -> int:
    """Start a training in a process group of its own.

    Args:
        work_dir: of the training; the config lies beside it.
        options: more arguments of ``tools/train.py``.
        act: what happens to the process, called with its instants.
        at: instant at which ``act`` happens, ``<name> <how often it came before>``; none with None.
        log: file of the instants.
        rank, ranks, port: of a distributed training.

    Returns:
        The process.
    """
    config = work_dir.parent / 'tiny.py'
    if not config.exists():
        config.write_text(CONFIG)
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    os.setpgid(0, 0)
    output = os.open(output_of(work_dir, rank), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, 'wb', closefd=False))
    sys.stderr = io.TextIOWrapper(os.fdopen(2, 'wb', closefd=False), line_buffering=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    arguments = ['--work-dir', work_dir, '--resume', *options]
    if rank is not None:
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(ranks), MASTER_ADDR='127.0.0.1',
                          MASTER_PORT=str(port))
        arguments += ['--launcher', 'pytorch']
    status = 1
    try:
        torch.set_num_threads(1)
        with Instants(work_dir, act, at, log).watched(), pytest.MonkeyPatch.context() as patch:
            patch.setattr('mmengine.config.config.FormatCode', lambda text, **_: (text, False))  # takes seconds
            run_script(ROOT / 'tools' / 'train.py', config, *arguments)
        status = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else 1 if end.code else 0
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(status)


def output_of(work_dir: Path, rank: int | None = None) -> Path:
    return work_dir.with_name(f'{work_dir.name}{"" if rank is None else f".{rank}"}.txt')


def wait(process: int, work_dir: Path, rank: int | None = None) -> End:
    """Wait for the end of a training; one that takes too long is killed, and its status is that of the kill."""
    begin = time.monotonic()
    while True:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            break
        if time.monotonic() > begin + LIMIT:
            os.killpg(process, signal.SIGKILL)
        time.sleep(0.01)
    return End(os.waitstatus_to_exitcode(status), output_of(work_dir, rank).read_text(errors='replace'),
               time.monotonic() - begin)


def train(work_dir: Path, *options: str, **fault) -> End:
    """Train to the end; see :func:`start`."""
    return wait(start(work_dir, *options, **fault), work_dir)


def train_ranks(work_dir: Path, ranks: int = 2, faulty: int = 1, **fault) -> list[End]:
    """Train with several processes, one of which meets the fault."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    processes = [start(work_dir, rank=rank, ranks=ranks, port=port, **(fault if rank == faulty else {}))
                 for rank in range(ranks)]
    return [wait(process, work_dir, rank) for rank, process in enumerate(processes)]


def processes_left(group: int) -> list[int]:
    """Processes of a group that still run."""
    left = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            state, _, its_group = stat.read_text().rpartition(')')[2].split()[:3]
        except OSError:  # ended meanwhile
            continue
        if int(its_group) == group and state != 'Z':
            left.append(int(stat.parent.name))
    return left


def content(work_dir: Path) -> dict:
    """What a training leaves: its last and its best checkpoint, without times and without the names of folders."""
    names = sorted(file.name for file in work_dir.glob('best_*.pth'))
    last = torch.load(work_dir / Path((work_dir / 'last_checkpoint').read_text()).name, weights_only=False)
    best = torch.load(work_dir / Path(last['message_hub']['runtime_info']['best_ckpt']).name, weights_only=False)
    return dict(
        names=names, epoch=last['meta']['epoch'], iter=last['meta']['iter'],
        last={part: last[part] for part in ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers')},
        best={part: best[part] for part in ('state_dict', 'ema_state_dict')},
        score=last['message_hub']['runtime_info']['best_score'])


def differences(one: object, other: object, path: str = '') -> list[str]:
    """Where two contents differ; they are compared bit by bit."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [line for key in one for line in differences(one[key], other[key], f'{path}/{key}')]
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        return [line for number, pair in enumerate(zip(one, other)) for line in differences(*pair, f'{path}/{number}')]
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return [] if torch.equal(one, other) else [f'{path} differs']
    return [] if one == other else [f'{path}: {one!r} and {other!r}'[:200]]


