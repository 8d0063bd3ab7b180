"""Execution of experiments in processes of their own: finished ones are skipped, interrupted ones are resumed."""
from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

import torch

from emonext_mm.experiments.lists import Experiment
from emonext_mm.utils.files import write_atomic

TESTS = {'single': (), 'ten_crop': ('--tta', )}  # name of a test -> its options
PREDICTED = tuple(f'{test}.json' for test in TESTS)
TRAINED, SETTINGS = 'trained.json', 'settings.txt'
_VALIDATION = re.compile(r'Epoch\(val\) *\[(\d+)\]\[\d+/\d+\] +(\S+: \d+\.\d{4})')
_PEAK_MEMORY = re.compile(r'^VmHWM:\s+(\d+) kB$', re.MULTILINE)


def find_devices() -> list[str | None]:
    """One entry for each concurrent experiment: a GPU as in CUDA_VISIBLE_DEVICES, or a single None for the CPU."""
    visible, count = os.environ.get('CUDA_VISIBLE_DEVICES'), torch.cuda.device_count()
    return (visible.split(',') if visible else list(map(str, range(count))))[:count] or [None]


def is_finished(experiment: Experiment) -> bool:
    """Return whether an experiment is trained and tested, with its settings of now."""
    settings = experiment.folder / SETTINGS
    return (has_results(experiment.folder) and settings.is_file()
            and settings.read_text() == experiment.cfg.pretty_text)


def has_results(folder: Path) -> bool:
    """Return whether the folder of an experiment holds the files that its training and its tests end with."""
    return all((folder / name).is_file() for name in (TRAINED, *PREDICTED))


class ExperimentRunner:
    """Runner of ``tools/train.py`` and ``tools/test.py`` for experiments, one at a time on each device.

    The folder of an experiment holds ``settings.txt``, the checkpoints and logs of the training, ``trained.json``, the
    predictions ``single.json`` and ``ten_crop.json``, and the output of each tool (.log). Each .json is written
    when its part is done. Rerun the experiments to resume: finished parts are skipped, and an interrupted training
    continues from its last checkpoint.

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

    def run(self, experiments: Sequence[Experiment]) -> list[str | None]:
        """Carry out the experiments that are not finished yet; after a failure the others still run.

        An exception in the calling thread (Ctrl-C) terminates the running tools before it is raised again.

        Returns:
            For each experiment None, or one line with the reason why it failed.
        """
        with ThreadPoolExecutor(self._workers) as pool:
            futures = [pool.submit(self._try, experiment) for experiment in experiments]
            try:
                while wait(futures, timeout=1).not_done:  # a wait without end would not see Ctrl-C on Windows
                    pass
            except BaseException:
                self._stopped = True
                for process in self._processes.copy():
                    process.terminate()
                raise
        return [future.result() for future in futures]

    def _try(self, experiment: Experiment) -> str | None:
        device = self._free.get()
        try:
            if not self._stopped:
                self._carry_out(experiment, device)
        except (ValueError, OSError, RuntimeError) as error:
            if not self._stopped:
                print(f'{experiment}: failed: {error}', flush=True)
            return f'{experiment}: {error}'
        finally:
            self._free.put(device)
        return None

    def _carry_out(self, experiment: Experiment, device: str | None) -> None:
        folder = experiment.folder
        _check_settings(experiment)
        if has_results(folder):
            print(f'{experiment}: already finished', flush=True)
            return
        if not (folder / TRAINED).is_file():
            for name in PREDICTED:  # of an earlier training
                (folder / name).unlink(missing_ok=True)
            memory = self._call(experiment, device, 'train', 'train.py', '--work-dir', folder, '--resume')
            write_atomic(folder / TRAINED, json.dumps(dict(process_gb=memory)))
        for test, options in TESTS.items():
            out = folder / f'{test}.json'
            if not out.is_file():
                self._call(experiment, device, test, 'test.py', folder, '--work-dir', folder / test, '--out', out,
                           *options)
        print(f'{experiment}: finished', flush=True)

    def _call(self, experiment: Experiment, device: str | None, stage: str, tool: str, *args: str | Path
              ) -> float | None:
        """Run a tool to its end; return the peak memory of its process in GB, where it is known.

        Raises:
            RuntimeError: the tool failed; the message quotes its error.
        """
        if self._stopped:
            raise RuntimeError('stopped')
        command = [sys.executable, self.tools / tool, experiment.config, *args, '--cfg-options', *experiment.options]
        env = os.environ if device is None else {**os.environ, 'CUDA_VISIBLE_DEVICES': device}
        path = experiment.folder / f'{stage}.log'
        print(f'{experiment}: {stage}, see {path}', flush=True)
        with open(path, 'a') as log:
            begin = log.tell()
            process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT, env=env)
        self._processes.add(process)
        if self._stopped:  # in the meantime
            process.terminate()
        try:
            memory = _follow(process, path, begin, experiment)
        finally:
            self._processes.discard(process)
        if process.returncode:
            raise RuntimeError(f'{tool} ended with status {process.returncode}: {_last_words(path, begin)} ({path})')
        return memory


def _follow(process: subprocess.Popen, path: Path, begin: int, experiment: Experiment) -> float | None:
    """Print a line for each validation until the process ends; return the peak of its memory in GB, if known."""
    memory = None
    with open(path, errors='replace') as log:
        log.seek(begin)
        while True:
            ended = process.poll() is not None  # asked before the log is read, so that no line is missed
            memory = memory if ended else _peak_memory(process.pid) or memory
            for epoch, metric in _VALIDATION.findall(log.read()):
                print(f'{experiment}: epoch {epoch} of {experiment.cfg.train_cfg.get("max_epochs")}, {metric}',
                      flush=True)
            if ended:
                return memory
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)


def _peak_memory(pid: int) -> float | None:
    """Peak memory of a running process in GB so far, on Linux; None elsewhere."""
    try:
        found = _PEAK_MEMORY.search(Path(f'/proc/{pid}/status').read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 / 1e9 if found else None


def _last_words(path: Path, begin: int) -> str:
    """The last error line of a tool's output, or its last line."""
    with open(path, errors='replace') as log:
        log.seek(begin)
        lines = log.read().strip().splitlines() or ['']
    return next((line for line in reversed(lines) if line.startswith('error: ')), lines[-1])


def _check_settings(experiment: Experiment) -> None:
    """Create the folder with the settings of the experiment, or check that it was created with the same.

    Raises:
        ValueError: it was created with others; the message names the first difference.
    """
    path, settings = experiment.folder / SETTINGS, experiment.cfg.pretty_text
    if not path.is_file():
        write_atomic(path, settings)
    before = path.read_text()
    if before != settings:
        pairs = zip(before.splitlines(), settings.splitlines())
        old, new = next(((a, b) for a, b in pairs if a != b), ('', ''))
        raise ValueError(f'{experiment.folder} was begun with other settings: {old.strip()!r}, now {new.strip()!r}')
