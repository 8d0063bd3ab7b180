"""What a training run logged: MMEngine's ``<work dir>/<time>/vis_data/scalars.json``, a line of JSON an entry.

A run that was killed and resumed has several of these files. They are read as one run.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np


class TrainingLog(NamedTuple):
    """The entries of training, ``step`` the iteration; those of validation, ``step`` the epoch (or iteration)."""

    training: list[dict]
    validation: list[dict]

    def training_epochs(self) -> np.ndarray:
        """At which epoch each entry of training was written, (T,): 1.5 is the middle of the second one.

        The log does not say how long an epoch is. But entries stand at the same places of every epoch, so from the
        first one of an epoch to the first one of the next it is an epoch; where there is no next one, the last
        epoch is as long as the one before, and a single one ends with its last entry. Without epochs, in an
        iteration-based run, it is the iteration.
        """
        steps = np.array([entry['step'] for entry in self.training], float)
        if not self.training or 'epoch' not in self.training[0]:
            return steps
        epochs, first, place = np.unique([e['epoch'] for e in self.training], return_index=True, return_inverse=True)
        starts = steps[first]
        lengths = np.diff(starts) / np.diff(epochs) if len(epochs) > 1 else steps[-1:] / epochs
        lengths = np.append(lengths, lengths[-1])
        offset = starts[0] - (epochs[0] - 1) * lengths[0]  # of the first entry in its epoch
        return epochs[place] - 1 + (steps - starts[place] + offset) / lengths[place]


def read_log(work_dir: str | Path) -> TrainingLog:
    """Read the log of the training run in a work dir.

    Raises:
        FileNotFoundError: there is none, or nothing in it.
        ValueError: a line is not JSON. The last line of a file may be: the run was killed while it wrote.
    """
    log = TrainingLog([], [])
    for path in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        entries = _read_entries(path)
        training = [entry for entry in entries if 'loss' in entry]
        if training:  # from a checkpoint or from the start: what was logged after that is void
            _cut(log.training, training[0]['step'])
            _cut(log.validation, training[0].get('epoch', training[0]['step']))
        log.training.extend(training)
        log.validation.extend(entry for entry in entries if 'loss' not in entry)
    if not log.training:
        raise FileNotFoundError(f'{work_dir} holds no log of a training run (*/vis_data/scalars.json)')
    return log


def _cut(entries: list[dict], step: int) -> None:
    entries[:] = [entry for entry in entries if entry['step'] < step]


def _read_entries(path: Path) -> list[dict]:
    entries = []
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            entries.append(json.loads(line))
        except ValueError:
            if number < len(lines):
                raise ValueError(f'{path}, line {number} is not JSON: {line[:40]!r}') from None
    return entries
