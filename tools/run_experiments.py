"""Run a list of configs with several seeds, and summarise the results in one table.

    python tools/run_experiments.py configs/experiments/table2.yml --seeds 0 1 2

Each config is trained, and tested on a single view and on ten crops: one experiment after another, or one on each GPU.
Rerun the command to resume: finished experiments are skipped, interrupted ones continue from their last checkpoint, so
that at most one epoch is lost. The output folder holds results.json, table.md and costs.png of all experiments of the
list that are finished there with the same settings, and their predictions for tools/compare.py.

On a cluster with Slurm, `--slurm` submits them as a job array instead, and a job that collects the table:

    python tools/run_experiments.py configs/experiments/table2.yml --seeds 0 1 2 --slurm --partition=gpu --gpus=1
"""
from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.apis import experiments
from emonext_mm.experiments.lists import add_list_options
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_list_options(parser)
    parser.add_argument('--out', type=Path, help='folder; default: work_dirs/<name of the list>')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='changes to all configs')
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument('--slurm', nargs=argparse.REMAINDER, metavar='OPTION',
                      help='submit them to Slurm; all that follows are options of sbatch')
    mode.add_argument('--task', type=int, help='carry out one experiment, counted from 0; no table')
    mode.add_argument('--collect', action='store_true', help='write the table of the finished experiments')
    args = parser.parse_args(argv)
    chosen = args.list, args.seeds, args.only, args.out, args.cfg_options
    if args.slurm is not None:
        jobs = experiments.submit_experiments(*chosen, args.slurm)
        print(jobs or 'all experiments are finished: --collect writes their table')
    elif args.collect:
        report(experiments.collect_experiments(*chosen))
    else:
        report(run(*chosen, args.task))


def run(*args) -> experiments.ExperimentsResult:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops like Ctrl-C
    try:
        return experiments.run_experiments(*args)
    except KeyboardInterrupt:
        sys.exit('\nstopped; rerun the command to resume')
    finally:
        signal.signal(signal.SIGTERM, before)


def report(result: experiments.ExperimentsResult) -> None:
    if result.files:
        print('\n'.join(['', result.table, *map(str, result.files)]))
    if result.failures:
        sys.exit('\n'.join([f'error: {len(result.failures)} of {result.total} experiments failed', *result.failures]))


if __name__ == '__main__':
    with one_line_errors():
        main()
