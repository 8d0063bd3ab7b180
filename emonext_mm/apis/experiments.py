"""Run a list of experiments."""
from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emonext_mm import compat
from emonext_mm.experiments.lists import Experiment, folder_of, read_list
from emonext_mm.experiments.results import collect, format_table
from emonext_mm.experiments.runner import ExperimentRunner, find_devices, has_results, is_finished
from emonext_mm.experiments.slurm import SlurmJobs, submit
from emonext_mm.utils.files import write_atomic
from emonext_mm.utils.installation import find_root
from emonext_mm.visualization.backends import save_figure
from emonext_mm.visualization.costs import draw_costs


@dataclass(frozen=True)
class ExperimentsResult:
    """The outcome of a list of experiments."""

    results: dict  # of the finished ones in the folder, see emonext_mm.experiments.results.collect
    table: str  # the same in Markdown; empty if none is finished
    files: tuple[Path, ...]  # results.json, table.md and costs.png, if any is finished
    failures: tuple[str, ...]  # one line for each experiment that failed
    total: int  # number of experiments


def run_experiments(path: str | Path, seeds: Sequence[int] = (0, ), only: Sequence[str] = (),
                    out: str | Path | None = None, options: Sequence[str] = (), task: int | None = None,
                    ) -> ExperimentsResult:
    """Train and test the configs of a list with several seeds, and summarise the results in one table.

    One experiment after another, or one on each GPU. Run it again to resume: finished experiments are skipped,
    interrupted ones continue from their last checkpoint. Progress is printed. The table also has the other experiments
    of the list that are finished in the folder with the same settings.

    Args:
        path: the list, see :func:`emonext_mm.experiments.lists.read_list`.
        seeds: every run of the list is repeated with each of them.
        only: names of the runs; all when empty.
        out: folder of all results; ``work_dirs/<name of the list>`` when None.
        options: KEY=VALUE, changes to all configs, as on the command line.
        task: index of the only experiment to carry out, without a table: a job of an array, see
            :func:`submit_experiments`. None for all.

    Raises:
        ValueError: the list, a name, an option or the index is wrong; nothing is run.
        OSError: the list or a config cannot be read, or a result cannot be written.
    """
    compat.setup()
    out = folder_of(path, out).resolve()
    experiments = read_list(path, seeds, out, options, only)
    if task is not None:
        if not 0 <= task < len(experiments):
            raise ValueError(f'task {task}: {path} has {len(experiments)} experiments, counted from 0')
        experiments = experiments[task:task + 1]
    rows = _with_finished(experiments, path, out, options) if task is None else []
    errors = ExperimentRunner(_find_tools(), find_devices()).run(experiments)
    return _summarise(experiments, errors, rows, out)


def collect_experiments(path: str | Path, seeds: Sequence[int] = (0, ), only: Sequence[str] = (),
                        out: str | Path | None = None, options: Sequence[str] = ()) -> ExperimentsResult:
    """Summarise the finished experiments of a list; of the chosen ones, those that are not finished are its failures.

    Arguments and exceptions are those of :func:`run_experiments`.
    """
    compat.setup()
    out = folder_of(path, out).resolve()
    experiments = read_list(path, seeds, out, options, only)
    errors = [None if is_finished(experiment) else f'{experiment}: not finished' for experiment in experiments]
    return _summarise(experiments, errors, _with_finished(experiments, path, out, options), out)


def submit_experiments(path: str | Path, seeds: Sequence[int] = (0, ), only: Sequence[str] = (),
                       out: str | Path | None = None, options: Sequence[str] = (), sbatch: Sequence[str] = (),
                       ) -> SlurmJobs | None:
    """Submit the experiments that are not finished to Slurm: a job array, and a job that collects the table.

    Args:
        path, seeds, only, out, options: as in :func:`run_experiments`.
        sbatch: options of ``sbatch`` for the array, such as ``--gpus-per-task=1``.

    Returns:
        The jobs; None if all experiments are finished.

    Raises:
        ValueError, OSError: as in :func:`run_experiments`, or there is no ``sbatch``; nothing is submitted.
        RuntimeError: ``sbatch`` refused a job.
    """
    compat.setup()
    out = folder_of(path, out).resolve()
    experiments = read_list(path, seeds, out, options, only)
    tasks = [index for index, experiment in enumerate(experiments) if not is_finished(experiment)]
    if not tasks:
        return None
    command = [str(Path(path).resolve()), '--out', str(out), '--seeds', *map(str, seeds)]
    command += ['--only', *only] if only else []
    command += ['--cfg-options', *options] if options else []
    return submit(_find_tools(), command, tasks, out, sbatch)


def _with_finished(experiments: list[Experiment], path: str | Path, out: Path, options: Sequence[str]
                   ) -> list[Experiment]:
    """The experiments and the others of the list that are finished in the folder, in the order of the list."""
    chosen = {each.folder for each in experiments}
    names = [folder.name for folder in out.glob('*/seed_*') if folder not in chosen and has_results(folder)]
    seeds = {int(found[1]) for name in names if (found := re.fullmatch(r'seed_(-?\d+)', name))}
    if not seeds:
        return experiments
    listed = read_list(path, sorted(seeds.union(each.seed for each in experiments)), out, options)
    return [each for each in listed if each.folder in chosen or is_finished(each)]


def _summarise(experiments: list[Experiment], errors: list[str | None], rows: list[Experiment], out: Path
               ) -> ExperimentsResult:
    """Write the table of the experiments in ``rows`` besides those that failed; without any, nothing."""
    failed = {experiment.folder for experiment, error in zip(experiments, errors) if error is not None}
    failures = tuple(error for error in errors if error is not None)
    finished = [experiment for experiment in rows if experiment.folder not in failed]
    if not finished:
        return ExperimentsResult({}, '', (), failures, len(experiments))
    results = collect(finished)
    table = format_table(results)
    files = out / 'results.json', out / 'table.md', out / 'costs.png'
    write_atomic(files[0], json.dumps(results, indent=1, allow_nan=False))
    write_atomic(files[1], table)
    save_figure(draw_costs(results['rows']), files[2])
    return ExperimentsResult(results, table, files, failures, len(experiments))


def _find_tools() -> Path:
    root = find_root()
    if root is None:
        raise FileNotFoundError('the tools of emonext_mm are not installed: pip install --force-reinstall emonext_mm')
    return root / 'tools'
