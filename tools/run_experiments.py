"""Run a list of configs with several seeds, and summarise the results in one table.

    python tools/run_experiments.py configs/experiments/table2.yml --seeds 0 1 2

Each config is trained, and tested on a single view and on ten crops: one experiment after another, or one on each GPU.
Rerun the command to resume: finished experiments are skipped, interrupted ones continue from their last checkpoint, so
that at most one epoch is lost. The output folder holds results.json and table.md of this command's experiments, and
their predictions for tools/compare.py.
"""
from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.apis.experiments import run_experiments
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('list', type=Path, help='a .yml file, such as those in configs/experiments')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0], help='default: 0')
    parser.add_argument('--only', nargs='+', default=[], metavar='NAME', help='names of the runs, for example one row')
    parser.add_argument('--out', type=Path, help='folder; default: work_dirs/<name of the list>')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='changes to all configs')
    args = parser.parse_args(argv)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops like Ctrl-C
    try:
        result = run_experiments(args.list, args.seeds, args.only, args.out, args.cfg_options)
    except KeyboardInterrupt:
        sys.exit('\nstopped; rerun the command to resume')
    finally:
        signal.signal(signal.SIGTERM, before)
    if result.files:
        print('\n'.join(['', result.table, *map(str, result.files)]))
    if result.failures:
        sys.exit('\n'.join([f'error: {len(result.failures)} of {result.total} experiments failed', *result.failures]))


if __name__ == '__main__':
    with one_line_errors():
        main()
