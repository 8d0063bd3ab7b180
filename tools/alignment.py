"""Test the trained experiments of a list on faces that are turned, scaled and shifted; the Spatial Transformer's job.

    python tools/alignment.py configs/experiments/ablations_48.yml --seeds 0 1 2 \\
        --only full without_stn without_se without_sa

The list was run by tools/run_experiments.py. Its split is tested, PublicTest for the ablations. Rerun the command to
resume. Written are alignment.json, the accuracies, and alignment.png, a panel for each change.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.apis.alignment import measure_alignment
from emonext_mm.experiments.lists import add_list_options
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_list_options(parser)
    parser.add_argument('--work-dir', type=Path, help='--out of the training; default: work_dirs/<name of the list>')
    parser.add_argument('--out', type=Path, help='folder of the results; default: the work dir')
    args = parser.parse_args(argv)
    found = measure_alignment(args.list, args.seeds, args.only, args.work_dir, args.out)
    print('\n'.join(['', found.text, '', *map(str, found.files)]))


if __name__ == '__main__':
    with one_line_errors():
        main()
