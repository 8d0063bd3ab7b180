"""Run a list of configs with several seeds, and collect what they give in one table.

    python tools/run_experiments.py configs/experiments/table2.yml --seeds 0 1 2

One run after another, or one on each GPU that is found. The same command once more goes on where it was: what is
finished is skipped, and a training that was cut is resumed after its last checkpoint, so that at most an epoch is
lost. Each run is trained, and tested on a single view and on ten crops. The folder gets results.json and table.md
of what was asked for; the predictions in it are for tools/compare.py.
"""
from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.experiments.lists import read_list
from emonext_mm.experiments.results import collect, to_table
from emonext_mm.experiments.runner import ExperimentRunner, find_devices
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.utils.files import write_atomic


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('list', type=Path, help='a .yml file, such as those of configs/experiments')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0], help='default: 0')
    parser.add_argument('--only', nargs='+', metavar='NAME', help='these of the list, one row of a table, say')
    parser.add_argument('--out', type=Path, help='folder; default: work_dirs/<name of the list>')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='for all runs')
    args = parser.parse_args()
    out = args.out or Path('work_dirs') / args.list.stem
    runs = read_list(args.list, args.seeds, out.resolve(), args.cfg_options)
    if args.only:
        unknown = set(args.only) - {run.name for run in runs}
        if unknown:
            raise ValueError(f'{args.list}: there is no {", ".join(sorted(unknown))}')
        runs = [run for run in runs if run.name in args.only]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        errors = ExperimentRunner(Path(__file__).resolve().parent, find_devices()).run(runs)
    except KeyboardInterrupt:
        sys.exit('\nstopped: the same command goes on from here')
    finished = [run for run, error in zip(runs, errors) if error is None]
    if finished:
        results = collect(finished)
        table = to_table(results)
        write_atomic(out / 'results.json', json.dumps(results, indent=1))
        write_atomic(out / 'table.md', table)
        print(f'\n{table}\n{out / "results.json"}\n{out / "table.md"}')
    if len(finished) < len(runs):
        sys.exit('\n'.join([f'error: {len(runs) - len(finished)} of {len(runs)} runs failed', *filter(None, errors)]))


if __name__ == '__main__':
    with one_line_errors():
        main()
