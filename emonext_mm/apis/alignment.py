"""Accuracy of trained experiments on faces that are turned, scaled and shifted."""
from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from mmengine.logging import print_log

from emonext_mm import compat
from emonext_mm.apis.changed_faces import ChangedFaces
from emonext_mm.evaluation.robustness import CURVES
from emonext_mm.experiments.lists import Experiment, folder_of, read_list
from emonext_mm.utils.files import read_text, write_atomic
from emonext_mm.utils.strangers import parse_json
from emonext_mm.utils.tables import format_rows
from emonext_mm.utils.work_dir import find_checkpoint
from emonext_mm.visualization.alignment import draw_alignment
from emonext_mm.visualization.backends import save_figure

FILE = 'alignment.json'  # of an experiment: its settings, the name of its checkpoint, and its curves
LARGEST = 2**20  # bytes of such a file


@dataclass(frozen=True)
class Alignment:
    """Result of :func:`measure_alignment`.

    Attributes:
        curves: run -> curve -> value -> accuracies in %, one for each seed; values as text, as JSON has them.
        text: tables of the mean accuracies.
        files: ``alignment.json``, the curves, and ``alignment.png``.
    """

    curves: dict[str, dict[str, dict[str, list[float]]]]
    text: str
    files: tuple[Path, ...]


def measure_alignment(path: str | Path, seeds: Sequence[int] = (0, ), only: Sequence[str] = (),
                      work_dir: str | Path | None = None, out: str | Path | None = None) -> Alignment:
    """Test the experiments of a list on changed faces, without training them; on the split that the list tests.

    The best checkpoint of each experiment predicts the faces after each change of
    :data:`emonext_mm.evaluation.robustness.CURVES`, in float32, on a single view. Run it again to resume: the result of
    an experiment is in its folder, and is computed again only where its settings or its checkpoint have changed.

    Args:
        path, seeds, only: see :func:`emonext_mm.apis.experiments.run_experiments`.
        work_dir: its ``out``.
        out: folder of the results; ``work_dir`` when None.

    Raises:
        ValueError: the list or a name is wrong, or a data set does not hold its images.
        OSError: an experiment has no checkpoint, which is checked before anything is measured, or a file cannot be read
            or written.
    """
    compat.setup()
    work_dir = folder_of(path, work_dir)
    out = Path(out or work_dir)
    found: dict[str, list[dict[str, dict[str, float]]]] = {}
    experiments = read_list(path, seeds, work_dir.resolve(), only=only)
    checkpoints = [_find_checkpoint(experiment) for experiment in experiments]
    for experiment, checkpoint in zip(experiments, checkpoints):
        found.setdefault(experiment.name, []).append(_measure(experiment, checkpoint))
    curves = {run: {curve: {value: [each[curve][value] for each in measured] for value in points}
                    for curve, points in measured[0].items()} for run, measured in found.items()}
    files = out / FILE, out / 'alignment.png'
    write_atomic(files[0], json.dumps(curves, indent=1, allow_nan=False))
    save_figure(draw_alignment(curves), files[1])
    return Alignment(curves, _format(curves), files)


def _find_checkpoint(experiment: Experiment) -> Path:
    if not experiment.folder.is_dir():
        raise FileNotFoundError(f'{experiment}: not trained, there is no folder {experiment.folder}')
    return find_checkpoint(experiment.folder)


def _measure(experiment: Experiment, checkpoint: Path) -> dict[str, dict[str, float]]:
    """Accuracy in % by curve and value, from the file of the experiment or measured now."""
    file = experiment.folder / FILE
    test = dict(settings=experiment.cfg.pretty_text, checkpoint=checkpoint.name)
    measured = _read(file, checkpoint, test)
    if measured is not None:
        return measured
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # of the log
        model = ChangedFaces(experiment.cfg, checkpoint, {}, folder)
        found: dict[str, dict[str, float]] = {}
        for curve, changes in CURVES.items():
            found[curve] = {f'{value:g}': model.accuracy(model.predict(change)) for value, change in changes.items()}
            shown = ', '.join(f'{value}: {accuracy:.2f}' for value, accuracy in found[curve].items())
            print_log(f'{experiment}, {curve}: accuracy in % {shown}', 'current', logging.INFO)
    write_atomic(file, json.dumps(dict(**test, curves=found), indent=1, allow_nan=False))
    return found


def _read(file: Path, checkpoint: Path, test: dict[str, str]) -> dict[str, dict[str, float]] | None:
    """Curves in the file of an experiment; None where there are none of this checkpoint and this test."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        content = parse_json(read_text(file, LARGEST), str(file))
        if file.stat().st_mtime >= checkpoint.stat().st_mtime and all(content[key] == test[key] for key in test):
            return {curve: {f'{value:g}': float(content['curves'][curve][f'{value:g}']) for value in changes}
                    for curve, changes in CURVES.items()}
    return None


def _format(curves: dict[str, dict[str, dict[str, list[float]]]]) -> str:
    tables = []
    for curve in CURVES:
        values = next(iter(curves.values()))[curve]
        rows = [[run, *(f'{np.mean(each):.2f}' for each in points[curve].values())] for run, points in curves.items()]
        tables.append(format_rows([f'accuracy in %, {curve}', *values], rows))
    return '\n\n'.join(tables)
