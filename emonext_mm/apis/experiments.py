"""Run a list of experiments."""
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emonext_mm import compat
from emonext_mm.apis.hub import find_root
from emonext_mm.experiments.lists import read_list
from emonext_mm.experiments.results import collect, format_table
from emonext_mm.experiments.runner import ExperimentRunner, find_devices
from emonext_mm.utils.files import write_atomic


@dataclass(frozen=True)
class ExperimentsResult:
    """The outcome of a list of experiments."""

    results: dict  # of the finished ones, see emonext_mm.experiments.results.collect
    table: str  # the same in Markdown; empty if none is finished
    files: tuple[Path, ...]  # results.json and table.md, if any is finished
    failures: tuple[str, ...]  # one line for each experiment that failed
    total: int  # number of experiments


def run_experiments(path: str | Path, seeds: Sequence[int] = (0, ), only: Sequence[str] = (),
                    out: str | Path | None = None, options: Sequence[str] = ()) -> ExperimentsResult:
    """Train and test the configs of a list with several seeds, and summarise the results in one table.

    One experiment after another, or one on each GPU. Run it again to resume: finished experiments are skipped,
    interrupted ones continue from their last checkpoint. Progress is printed.

    Args:
        path: the list, see :func:`emonext_mm.experiments.lists.read_list`.
        seeds: every run of the list is repeated with each of them.
        only: names of the runs; all when empty.
        out: folder of all results; ``work_dirs/<name of the list>`` when None.
        options: KEY=VALUE, changes to all configs, as on the command line.

    Raises:
        ValueError: the list, a name or an option is wrong; nothing is run.
        OSError: the list or a config cannot be read, or a result cannot be written.
    """
    compat.setup()
    out = Path(out) if out else Path('work_dirs') / Path(path).stem
    experiments = read_list(path, seeds, out.resolve(), options, only)
    errors = ExperimentRunner(_find_tools(), find_devices()).run(experiments)
    finished = [experiment for experiment, error in zip(experiments, errors) if error is None]
    failures = tuple(error for error in errors if error is not None)
    if not finished:
        return ExperimentsResult({}, '', (), failures, len(experiments))
    results = collect(finished)
    table = format_table(results)
    files = out / 'results.json', out / 'table.md'
    write_atomic(files[0], json.dumps(results, indent=1))
    write_atomic(files[1], table)
    return ExperimentsResult(results, table, files, failures, len(experiments))


def _find_tools() -> Path:
    root = find_root()
    if root is None:
        raise FileNotFoundError('the tools of emonext_mm are not installed: pip install --force-reinstall emonext_mm')
    return root / 'tools'
