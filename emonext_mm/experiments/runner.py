"""Carrying experiments out, each in processes of its own: finished ones are skipped, cut ones are resumed."""
from __future__ import annotations

import fcntl
import json
import os
import queue
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch

from emonext_mm.experiments.lists import Run
from emonext_mm.utils.files import write_atomic

TESTS = {'single': (), 'ten_crop': ('--tta', )}  # a test's name, its options beside
TRAINED = 'trained.json'
_VALIDATION = re.compile(r'Epoch\(val\) *\[(\d+)\]\[\d+/\d+\] +(\S+: \d+\.\d{4})')


def find_devices() -> list[str | None]:
    """One entry for each run at a time: a GPU as CUDA_VISIBLE_DEVICES has it, or a single None for the CPU."""
    visible, count = os.environ.get('CUDA_VISIBLE_DEVICES'), torch.cuda.device_count()
    return (visible.split(',') if visible else list(map(str, range(count))))[:count] or [None]


def is_finished(run: Run) -> bool:
    """Whether it is trained and tested."""
    return all((run.folder / name).is_file() for name in (TRAINED, *(f'{test}.json' for test in TESTS)))


class ExperimentRunner:
    """Trains and tests runs with ``tools/train.py`` and ``tools/test.py``, one at a time on each device.

    A run's folder holds ``settings.txt``, what the training leaves there, ``trained.json``, the predictions
    ``single.json`` and ``ten_crop.json``, and a log of each. Each .json is written whole when its part is done, so
    that the same runs, started again, go on where they were: in training, after the last checkpoint.

    Args:
        tools: folder of the tools.
        devices: see :func:`find_devices`.
    """

    def __init__(self, tools: Path, devices: Sequence[str | None]) -> None:
        self.tools = tools
        self._free: queue.SimpleQueue = queue.SimpleQueue()
        for device in devices:
            self._free.put(device)
        self._workers = len(devices)
        self._processes: set[subprocess.Popen] = set()
        self._stopped = False

    def run(self, runs: Sequence[Run]) -> list[str | None]:
        """Carry out what is not finished yet; a failure does not keep the others from running.

        Returns:
            For each run None, or in a line why it failed.
        """
        with ThreadPoolExecutor(self._workers) as pool:
            try:
                return list(pool.map(self._try, runs))
            except BaseException:  # Ctrl-C, say: what is running must not run on alone
                self._stopped = True
                for process in self._processes.copy():
                    process.terminate()
                raise

    def _try(self, run: Run) -> str | None:
        device = self._free.get()
        try:
            if not self._stopped:
                self._carry_out(run, device)
        except (ValueError, OSError, RuntimeError) as error:
            if not self._stopped:
                print(f'{run}: failed: {error}', flush=True)
            return f'{run}: {error}'
        finally:
            self._free.put(device)
        return None

    def _carry_out(self, run: Run, device: str | None) -> None:
        run.folder.mkdir(parents=True, exist_ok=True)
        with _claimed(run.folder) as lock:
            _note_settings(run)
            if is_finished(run):
                print(f'{run}: finished before', flush=True)
                return
            if not (run.folder / TRAINED).is_file():
                memory = self._call(run, device, lock, 'train', 'train.py', '--work-dir', run.folder, '--resume')
                write_atomic(run.folder / TRAINED, json.dumps(dict(process_gb=memory)))
            for test, options in TESTS.items():
                out = run.folder / f'{test}.json'
                if not out.is_file():
                    self._call(run, device, lock, test, 'test.py', run.folder, '--work-dir', run.folder / test,
                               '--out', out, *options)
            print(f'{run}: finished', flush=True)

    def _call(self, run: Run, device: str | None, lock: int, stage: str, tool: str, *args: str | Path) -> float:
        """Run a tool to its end, and return the peak of its process's memory in GB."""
        if self._stopped:
            raise RuntimeError('stopped')
        command = [sys.executable, self.tools / tool, run.config, *args, '--cfg-options', *run.options]
        env = os.environ if device is None else {**os.environ, 'CUDA_VISIBLE_DEVICES': device}
        path = run.folder / f'{stage}.log'
        print(f'{run}: {stage}, see {path}', flush=True)
        with open(path, 'a') as log:
            begin = log.tell()
            process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT, env=env, pass_fds=(lock, ))
        self._processes.add(process)
        if self._stopped:  # since the others were
            process.terminate()
        try:
            usage = _follow(process, path, begin, run)
        finally:
            self._processes.discard(process)
        if process.returncode:
            raise RuntimeError(f'{tool} ended with status {process.returncode}: {_last_words(path, begin)} ({path})')
        return usage.ru_maxrss * (1 if sys.platform == 'darwin' else 1024) / 1e9


def _follow(process: subprocess.Popen, path: Path, begin: int, run: Run):
    """Print a line for each validation until the process ends; return its use of resources."""
    with open(path, errors='replace') as log:
        log.seek(begin)
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            for epoch, metric in _VALIDATION.findall(log.read()):
                print(f'{run}: epoch {epoch} of {run.cfg.train_cfg.get("max_epochs")}, {metric}', flush=True)
            if ended:
                process.returncode = os.waitstatus_to_exitcode(status)
                return usage
            time.sleep(1)


def _last_words(path: Path, begin: int) -> str:
    """The error that a tool ended with, or whatever it said last."""
    with open(path, errors='replace') as log:
        log.seek(begin)
        lines = log.read().strip().splitlines() or ['']
    return next((line for line in reversed(lines) if line.startswith('error: ')), lines[-1])


@contextmanager
def _claimed(folder: Path) -> Iterator[int]:
    """Hold a lock on the folder. Processes that are handed it hold it too: a training outlives a killed parent.

    Raises:
        ValueError: it is held already.
    """
    with open(folder / '.lock', 'w') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f'another process works in {folder}') from None
        yield file.fileno()


def _note_settings(run: Run) -> None:
    """Write them down, or see that they are those the folder was begun with.

    Raises:
        ValueError: they are not; names the first difference.
    """
    path, settings = run.folder / 'settings.txt', run.cfg.pretty_text
    if not path.is_file():
        write_atomic(path, settings)
    before = path.read_text()
    if before != settings:
        pairs = zip(before.splitlines(), settings.splitlines())
        old, new = next(((a, b) for a, b in pairs if a != b), ('', ''))
        raise ValueError(f'{run.folder} was begun with other settings: {old.strip()!r}, now {new.strip()!r}')
