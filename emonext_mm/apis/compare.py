"""Comparison of runs from their files of predictions."""
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset

from emonext_mm import compat
from emonext_mm.evaluation.comparison import report, text
from emonext_mm.evaluation.comparison.alignment import align
from emonext_mm.evaluation.comparison.dataset import build_tested_dataset, find_leak_free
from emonext_mm.evaluation.predictions import Predictions, read_predictions
from emonext_mm.utils.files import write_atomic
from emonext_mm.visualization.backends import save_figure
from emonext_mm.visualization.differences import draw_differences


@dataclass(frozen=True)
class Comparison:
    """Result of :func:`compare`.

    Attributes:
        report: see :func:`emonext_mm.evaluation.comparison.report.build_report`.
        text: the report for a reader, and notes on images or figures that are missing.
        files: files that were written.
    """

    report: dict
    text: str
    files: tuple[Path, ...]


def compare(runs: Sequence[str | Path], against: Sequence[str | Path] = (),
            out: str | Path | None = None) -> Comparison:
    """Compare runs that were tested on the same samples.

    Args:
        runs: files of predictions (.json or .csv). Each later run is compared with the first one; with ``against``,
            they are the runs of one method with different seeds.
        against: files of predictions of the other method, with different seeds.
        out: folder for ``comparison.json`` and the figures of the images that differ most, ``differences.png``
            (``differences_B.png``, ``differences_C.png``, ... for three runs or more). None: write nothing.

    Raises:
        ValueError: fewer than two files; a wrong file; files of different samples, classes or labels.
        OSError: a file cannot be read or written.

    Examples:
        >>> print(compare(['a.json', 'b.json']).text)
    """
    compat.setup()
    paths = [*runs, *against]
    if len(paths) < 2:
        raise ValueError(f'a comparison needs two files or more, got {", ".join(map(str, paths)) or "none"}')
    aligned = align([read_predictions(path) for path in paths])
    groups = [aligned[:len(runs)], aligned[len(runs):]] if against else [[run] for run in aligned]
    sides = report.make_sides(groups)
    data, leak_free, notes = _find_images(aligned)
    content = report.build_report(sides, leak_free)
    files = []
    if out is not None:
        files.append(Path(out) / 'comparison.json')
        write_atomic(files[0], json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))
    if out is not None and data is not None:
        figures, missing = _draw(Path(out), *data, sides)
        files += figures
        notes += missing
    words = '\n\n'.join([text.format_comparison(content), *notes])
    return Comparison(content, words, tuple(files))


def _find_images(runs: Sequence[Predictions]
                 ) -> tuple[tuple[BaseDataset, np.ndarray] | None, np.ndarray | None, list[str]]:
    """Data set with the indices of the samples, leak-free mask, notes; None and a note for each that is missing."""
    data = None
    try:
        data = build_tested_dataset(runs[0])
        leak_free = find_leak_free(*data)
        untold = [run.path for run in runs if run.conditions.get('leak_free', 0) is None]
        if untold and getattr(data[0], 'hold_out', 0):  # a training that held out others had seen some of these images
            raise ValueError(f'the test of {untold[0]} could not tell them')
        return data, leak_free, []
    except ValueError as error:
        return data, None, [f'No results for leak-free images{"" if data else ", no figures"}: {error}']


def _draw(folder: Path, dataset: BaseDataset, indices: np.ndarray,
          sides: Sequence[report.Side]) -> tuple[list[Path], list[str]]:
    """Files of the figures, and a note for each figure whose images cannot be read."""
    files, notes = [], []
    for side in sides[1:]:
        path = folder / ('differences.png' if len(sides) == 2 else f'differences_{side.name}.png')
        try:
            save_figure(draw_differences(dataset, indices, sides[0], side), path)
            files.append(path)
        except FileNotFoundError as error:  # a data set opens its image files only now
            notes.append(f'{path} was not drawn: {error}')
    return files, notes
