"""Faults, and what a training must be like after them: the same to the last bit as one that met no fault."""
from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import instants
from tests.faults.training import (
    content,
    differences,
    output_of,
    processes_left,
    start,
    train,
    train_ranks,
    wait,
)

STOPS = {instants.terminate: 143, instants.terminate_group: 143, instants.interrupt_group: 130,
         instants.warn_group: 138}  # exit status of each


@dataclass
class Campaign:
    """Faults in trainings of one folder. Each method injects one, resumes, and returns what is wrong, one line each.

    Args:
        folder: empty.
    """

    folder: Path
    names: list[str] = field(init=False)  # of the instants of a training

    def __post_init__(self) -> None:
        log = self.folder / 'instants'
        end = train(self.folder / 'unbroken', log=log)
        assert end.status == 0, end.output
        self.names = [name for name in log.read_text().splitlines() if not name.startswith(('start', 'end '))]
        self.expected = content(self.folder / 'unbroken')
        self._expected_of_ranks: dict | None = None

    def kill(self, at: str) -> list[str]:
        """SIGKILL at an instant."""
        end = train(work_dir := self._new(), act=instants.kill, at=at)
        return self._expect(end.status == -signal.SIGKILL, f'status {end.status}') + self._resumed(work_dir)

    def kill_after(self, seconds: float) -> list[str]:
        """SIGKILL at a time."""
        process = start(work_dir := self._new())
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
        wait(process, work_dir)
        return self._resumed(work_dir)

    def stop(self, act: Callable, at: str) -> list[str]:
        """A signal that asks to stop: one line that names a checkpoint, its exit status, and no process left."""
        process = start(work_dir := self._new(), act=act, at=at)
        end = wait(process, work_dir)
        lines = [line for line in end.output.splitlines() if line.startswith('interrupted by SIG')]
        saved = list(work_dir.glob('epoch_*.pth'))
        wrong = self._expect(end.status == STOPS[act], f'status {end.status}')
        wrong += self._expect(len(lines) == 1 and 'Traceback' not in end.output, 'not one line')
        wrong += self._expect(bool(saved) == ('--resume' in ''.join(lines)), f'{lines}, {saved}')
        wrong += self._expect(saved or at.startswith('before the first'), 'nothing saved')
        wrong += self._expect(not processes_left(process), 'processes left')
        return wrong + self._resumed(work_dir)

    def kill_a_worker(self, at: str) -> list[str]:
        """The training ends with one line."""
        end = train(work_dir := self._new(), act=instants.kill_a_worker, at=at)
        return self._ended_with(end, 'error: a worker of a data loader died') + self._resumed(work_dir)

    def move(self, at: str, copy: bool) -> list[str]:
        """A killed training goes on elsewhere; the original of a copy is left alone."""
        train(work_dir := self._new(), act=instants.kill, at=at)
        moved = self.folder / f'{work_dir.name}_moved'
        (shutil.copytree if copy else shutil.move)(work_dir, moved)
        before = {path.name: path.stat().st_mtime_ns for path in work_dir.glob('*.pth')}
        wrong = self._resumed(moved)
        after = {path.name: path.stat().st_mtime_ns for path in work_dir.glob('*.pth')}
        return wrong + self._expect(before == after, 'the original has changed')

    def two_in_one_folder(self) -> list[str]:
        """The second training is refused while the first one goes on."""
        first = start(work_dir := self._new(), act=lambda _: time.sleep(8), at='before a step 5')
        while not (work_dir / 'epoch_1.pth').exists():
            time.sleep(0.05)
        shutil.copy(output_of(work_dir), kept := self.folder / 'first.txt')
        second = train(work_dir)
        wrong = self._ended_with(second, 'error: another training works in ')
        wrong += self._expect(wait(first, work_dir).status == 0, 'the first one failed') + self._same(work_dir)
        kept.unlink()
        return wrong

    def kill_a_rank(self, at: str) -> list[str]:
        """SIGKILL to one of two processes: the other one ends within a minute, and says why."""
        ends = train_ranks(work_dir := self._new(), act=instants.kill, at=at)
        wrong = self._expect(ends[1].status == -signal.SIGKILL, f'status {ends[1].status}')
        wrong += self._expect(ends[0].status > 0 and ends[0].seconds < 60, f'{ends[0].status} in {ends[0].seconds} s')
        return wrong + self._resumed(work_dir, of_ranks=True)

    def stop_a_rank(self, at: str) -> list[str]:
        """SIGTERM to one of two processes: both stop after the same step."""
        ends = train_ranks(work_dir := self._new(), act=instants.terminate, at=at)
        return self._expect([end.status for end in ends] == [143, 143], f'{[end.status for end in ends]}') + \
            self._resumed(work_dir, of_ranks=True)

    def full_disk(self) -> list[str]:
        """A disk that is full at a checkpoint: one line; the checkpoint before is whole."""
        sizes = [path.stat().st_size for path in (self.folder / 'unbroken').glob('epoch_*.pth')]
        with _disk(work_dir := self._new(), 2 * max(sizes) + 150_000) as remount:
            wrong = self._ended_with(train(work_dir), 'error: ', 'No space left')
            wrong += self._expect(any(work_dir.glob('epoch_*.pth')), 'nothing saved')
            remount('size=100m')
            return wrong + self._resumed(work_dir)

    def read_only(self) -> list[str]:
        """A work dir that may not be written to: one line, nothing changed."""
        with _disk(work_dir := self._new(), 10 ** 8) as remount:
            train(work_dir, act=instants.kill, at='before a step 9')
            remount('ro')
            wrong = self._ended_with(train(work_dir), 'error: ', 'Read-only')
            remount('rw')
            return wrong + self._resumed(work_dir)

    def _new(self) -> Path:
        return self.folder / f'{len(list(self.folder.iterdir()))}'

    def _resumed(self, work_dir: Path, of_ranks: bool = False) -> list[str]:
        """Resume a training to its end, and compare."""
        ends = train_ranks(work_dir) if of_ranks else [train(work_dir)]
        for end in ends:
            if end.status:
                return [f'resumed, it ends with status {end.status}: {end.output[-800:]}']
        return self._same(work_dir, of_ranks)

    def _same(self, work_dir: Path, of_ranks: bool = False) -> list[str]:
        if of_ranks and self._expected_of_ranks is None:
            assert [end.status for end in train_ranks(self.folder / 'unbroken_ranks')] == [0, 0]
            self._expected_of_ranks = content(self.folder / 'unbroken_ranks')
        expected = self._expected_of_ranks if of_ranks else self.expected
        found = content(work_dir)
        best = found.pop('names')
        wrong = self._expect(expected['names'][-1] in best and len(best) < 3, f'best: {best}')
        wrong += differences(found, {key: value for key, value in expected.items() if key != 'names'})
        return wrong + self._expect(not list(work_dir.glob('.*.pth*')), 'hidden files are left')

    def _ended_with(self, end, start: str, words: str = '') -> list[str]:
        """One line, and a status of 1."""
        lines = [line for line in end.output.splitlines() if line.startswith(start) and words in line]
        return self._expect(end.status == 1 and len(lines) == 1, f'status {end.status}: {end.output[-800:]}')

    @staticmethod
    def _expect(condition: object, message: str) -> list[str]:
        return [] if condition else [message]


@contextmanager
def _disk(folder: Path, size: int) -> Iterator[Callable[[str], None]]:
    """A small disk in memory, mounted at a folder; the function mounts it anew with another option."""
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o']
    _patiently([*mount, f'size={size}', 'tmpfs', folder])
    try:
        yield lambda option: _patiently([*mount, f'remount,{option}', 'tmpfs', folder])
    finally:
        _patiently(['umount', folder])
        folder.rmdir()


def _patiently(command: list[str | Path]) -> None:
    """Run a command, again while a disk is busy: workers of a killed training look for it every five seconds."""
    for _ in range(100):
        done = subprocess.run(command, capture_output=True, text=True)
        if 'busy' not in done.stderr:
            break
        time.sleep(0.1)
    if done.returncode:
        raise OSError(f'{command[0]}: {done.stderr.strip()}')


def cases(campaign: Campaign, chance: random.Random, kills: int) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """Names of the cases, and functions that carry them out: kills at even and at random times, then all else."""
    names = campaign.names
    kills = min(kills, len(names))
    chosen = [names[number * len(names) // kills] for number in range(kills)]
    for at in chosen:
        yield f'kill {at}', lambda at=at: campaign.kill(at)
    for seconds in [chance.uniform(1, 5) for _ in range(max(2, kills // 6))]:
        yield f'kill after {seconds:.2f} s', lambda seconds=seconds: campaign.kill_after(seconds)
    phases = ['before the first step 0', 'after a step 1', 'before a step 9', 'end of an epoch 1', 'in a validation 4',
              'before replace of best 0', 'within last_checkpoint 2', 'after a validation 1', 'in a validation 11']
    for act in STOPS:
        for at in phases:
            yield f'{act.__name__} {at}', lambda act=act, at=at: campaign.stop(act, at)
    for at in ('before a step 2', 'in a validation 4'):
        yield f'kill_a_worker {at}', lambda at=at: campaign.kill_a_worker(at)
    for copy in (False, True):
        yield f'{"copy" if copy else "move"}', lambda copy=copy: campaign.move('before a step 9', copy)
    yield 'two in one folder', campaign.two_in_one_folder
    for at in ('after a step 2', 'after a step 5', 'before a validation 1', 'in a validation 2'):
        yield f'kill a rank {at}', lambda at=at: campaign.kill_a_rank(at)
    yield 'stop a rank', lambda: campaign.stop_a_rank('after a step 3')
    yield 'full disk', campaign.full_disk
    yield 'read only', campaign.read_only
