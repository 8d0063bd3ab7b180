"""The log of a training run: MMEngine's ``<work dir>/<time>/vis_data/scalars.json``, one JSON object a line.

A run that was interrupted and resumed has several such files. They are read as one run.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np


class TrainingLog(NamedTuple):
    """Log entries of a run; ``step`` is the iteration in training, and the epoch (or iteration) in validation."""

    training: list[dict]
    validation: list[dict]

    def training_epochs(self) -> np.ndarray:
        """Epoch of each training entry, (T,) float: 1.5 is the middle of the second epoch.

        The log does not contain the length of an epoch. Since every epoch is logged at the same of its iterations, the
        length is the distance between the first entries of two epochs. The last epoch is taken to be as long as the
        one before, and a single epoch to end with its last entry. For an iteration-based run, whose log has no epochs,
        the result is the iteration.
        """
        steps = np.array([entry['step'] for entry in self.training], float)
        if not self.training or 'epoch' not in self.training[0]:
            return steps
        epochs, first, index = np.unique([e['epoch'] for e in self.training], return_index=True, return_inverse=True)
        starts = steps[first]
        lengths = np.diff(starts) / np.diff(epochs) if len(epochs) > 1 else steps[-1:] / epochs
        lengths = np.append(lengths, lengths[-1])
        offset = starts[0] - (epochs[0] - 1) * lengths[0]  # of the first entry in its epoch
        return epochs[index] - 1 + (steps - starts[index] + offset) / lengths[index]


def read_log(work_dir: str | Path) -> TrainingLog:
    """Read the log of the training run in a work dir.

    Raises:
        FileNotFoundError: the work dir has no log, or an empty one.
        ValueError: a line is not JSON. The last line of a file may be truncated: the run was killed while it wrote.
    """
    log = TrainingLog([], [])
    for path in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        entries = _read_entries(path)
        training = [entry for entry in entries if 'loss' in entry]
        if training:  # the run was resumed here, so entries from here on are obsolete
            _keep_before(log.training, training[0]['step'])
            _keep_before(log.validation, training[0].get('epoch', training[0]['step']))
        log.training.extend(training)
        log.validation.extend(entry for entry in entries if 'loss' not in entry)
    if not log.training:
        raise FileNotFoundError(f'{work_dir} holds no log of a training run (*/vis_data/scalars.json)')
    return log


def _keep_before(entries: list[dict], step: int) -> None:
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
