"""Compare each run of a list with one of them, over the seeds: a table, a figure, and how much is noise.

    python tools/report.py work_dirs/ablations_48 --first full

The folder is that of tools/run_experiments.py, or holds its predictions as <run>/seed_<n>.json.gz. Intervals and tests
are those of tools/compare.py, p-values are corrected for the number of runs by Holm's method.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.apis.report import report
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--first', required=True, metavar='NAME', help='the run with which the others are compared')
    parser.add_argument('--out', type=Path, help='folder of report.json, report.md and report.png; default: the folder')
    parser.add_argument('--keep', action='store_true', help='also write the predictions to --out, small, for this tool')
    found = report(**vars(parser.parse_args(argv)))
    print('\n'.join([found.text, *map(str, found.files)]))


if __name__ == '__main__':
    with one_line_errors():
        main()
