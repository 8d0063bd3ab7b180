"""The instants of a training at which a fault may hurt."""
from __future__ import annotations

import builtins
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mmengine.hooks import Hook, checkpoint_hook
from mmengine.runner import Runner

from emonext_mm.utils import files


class Instants:
    """Names of the instants of one process, in order; at one of them, something happens to it.

    Args:
        work_dir: of the training; files elsewhere are not watched.
        act: what happens.
        at: name of the instant and how often it came before; None for none.
        log: file that gets a line for each instant.
    """

    def __init__(self, work_dir: Path, act: Callable[[Instants], None] | None = None, at: str | None = None,
                 log: Path | None = None) -> None:
        self.work_dir, self.act, self.at, self.log = work_dir, act, at, log
        self._counts: Counter[str] = Counter()
        self._process = os.getpid()

    def tick(self, name: str) -> None:
        if os.getpid() != self._process:  # a worker
            return
        instant = f'{name} {self._counts[name]}'
        self._counts[name] += 1
        if self.log:
            with open(self.log, 'a') as log:
                log.write(f'{instant}\n')
        if instant == self.at:
            self.act(self)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the steps of all trainings, and the files of the work dir."""
        with pytest.MonkeyPatch.context() as patch:
            self._watch(patch, os, 'replace', lambda path, to: to)
            self._watch(patch, os, 'remove', lambda path: path)
            self._watch(patch, files.os, 'fsync', lambda _: self.work_dir / 'file')
            patch.setattr(checkpoint_hook, 'open', self._open, raising=False)
            patch.setattr(Runner, 'train', self._train(Runner.train))
            self.tick('start')
            yield
            self.tick('end')

    def _watch(self, patch: pytest.MonkeyPatch, module: object, name: str, find: Callable) -> None:
        original = getattr(module, name)

        def watched(*args) -> None:
            path = Path(str(find(*args)))
            mine = self.work_dir in path.parents
            kind = path.name.partition('_')[0]
            if mine:
                self.tick(f'before {name} of {kind}')
            original(*args)
            if mine:
                self.tick(f'after {name} of {kind}')

        patch.setattr(module, name, watched)

    def _open(self, path: str, mode: str) -> object:
        """Open ``last_checkpoint`` for writing: an instant before, and one with half of the content."""
        self.tick('before last_checkpoint')
        file = builtins.open(path, mode)  # noqa: SIM115 (closed by __exit__)
        write = file.write

        class Half:
            def __enter__(half) -> Half:
                return half

            def __exit__(half, *_: object) -> None:
                file.close()

            def write(half, text: str) -> None:
                write(text[:len(text) // 2])
                file.flush()
                self.tick('within last_checkpoint')
                write(text[len(text) // 2:])

        return Half()

    def _train(self, train: Callable) -> Callable:
        def with_hook(runner: Runner) -> object:
            runner.register_hook(_Ticks(self), priority='VERY_HIGH')
            self.tick('before the first step')
            return train(runner)
        return with_hook


class _Ticks(Hook):
    def __init__(self, instants: Instants) -> None:
        self.tick = instants.tick

    def before_train_iter(self, runner: Runner, **_: object) -> None:
        self.tick('before a step')

    def after_train_iter(self, runner: Runner, **_: object) -> None:
        self.tick('after a step')

    def after_train_epoch(self, runner: Runner) -> None:
        self.tick('end of an epoch')

    def before_val_epoch(self, runner: Runner) -> None:
        self.tick('before a validation')

    def after_val_iter(self, runner: Runner, **_: object) -> None:
        self.tick('in a validation')

    def after_val_epoch(self, runner: Runner, **_: object) -> None:
        self.tick('after a validation')


def kill(instants: Instants) -> None:
    """SIGKILL to the process; its workers find themselves alone."""
    os.kill(os.getpid(), signal.SIGKILL)


def terminate(instants: Instants) -> None:
    """SIGTERM to the process, as from Kubernetes."""
    os.kill(os.getpid(), signal.SIGTERM)


def terminate_group(instants: Instants) -> None:
    """SIGTERM to the process and its workers, as from Slurm."""
    os.killpg(os.getpgrp(), signal.SIGTERM)


def warn_group(instants: Instants) -> None:
    """SIGUSR1 to the process and its workers, the warning that a Slurm job may ask for."""
    os.killpg(os.getpgrp(), signal.SIGUSR1)


def interrupt_group(instants: Instants) -> None:
    """Ctrl-C in a terminal: SIGINT to the process and its workers."""
    os.killpg(os.getpgrp(), signal.SIGINT)


def kill_a_worker(instants: Instants) -> None:
    """SIGKILL to a worker of a data loader, as from a system without memory."""
    children = Path(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
