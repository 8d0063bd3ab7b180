"""Report of the runs of a list."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from emonext_mm.evaluation.predictions import PACKED
from emonext_mm.experiments.report import compare_runs, format_report, pack, read_runs
from emonext_mm.utils.files import write_atomic
from emonext_mm.visualization.backends import save_figure
from emonext_mm.visualization.forest import draw_forest


@dataclass(frozen=True)
class Report:
    """Result of :func:`report`."""

    content: dict  # see emonext_mm.experiments.report.compare_runs
    text: str  # the same in Markdown
    files: tuple[Path, ...]  # report.json, report.md, report.png


def report(folder: str | Path, first: str, out: str | Path | None = None, keep: bool = False) -> Report:
    """Compare each run of a list with one of them, from their predictions.

    Args:
        folder: see :func:`emonext_mm.experiments.report.read_runs`; the output of ``tools/run_experiments.py`` fits.
        first: name of the run with which the others are compared.
        out: folder of the results; ``folder`` when None.
        keep: also write the predictions to ``out``, which is another folder, as small files that this function reads
            again.

    Raises:
        ValueError: see :func:`emonext_mm.experiments.report.compare_runs`; ``keep`` without another folder.
        OSError: a file cannot be read or written.
    """
    if keep and Path(out or folder).resolve() == Path(folder).resolve():
        raise ValueError(f'{folder}: the predictions are kept in another folder, --out, or each would be there twice')
    runs = read_runs(folder)
    content = compare_runs(runs, first)
    text = format_report(content)
    files = tuple(Path(out or folder) / f'report.{suffix}' for suffix in ('json', 'md', 'png'))
    write_atomic(files[0], json.dumps(content, indent=1, allow_nan=False))
    write_atomic(files[1], text)
    save_figure(draw_forest(content), files[2])
    for name, seeds in runs.items() if keep else ():
        for seed, predictions in seeds.items():
            write_atomic(Path(out or folder) / name / f'seed_{seed}{PACKED}', pack(predictions))
    return Report(content, text, files)
