"""Compare runs on the same samples: is a difference in accuracy significant?

    python tools/test.py CONFIG work_dirs/a --out a.json    # or .csv
    python tools/test.py CONFIG work_dirs/b --out b.json
    python tools/compare.py a.json b.json --out work_dirs/a_b

With three or more files, each is compared with the first. Several runs of two methods that differ only in their seeds:

    python tools/compare.py a0.json a1.json a2.json --against b0.json b1.json b2.json

For two runs the report contains the difference in accuracy with its 95 % interval (Tango) and McNemar's exact test, on
all images and on the leak-free ones (without a duplicate in training), and the change of each class (Holm's
correction). For several seeds it contains their spread, and the difference tested over seeds and samples. The result
follows in words.

The report is printed; --out also writes it to comparison.json, and the images on which two sides differ most to
differences.png (with three or more files: differences_B.png, ...).
"""
from __future__ import annotations

import argparse
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.apis.compare import compare
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('runs', nargs='+', help='files of predictions from tools/test.py --out (.json, .csv)')
    parser.add_argument('--against', nargs='+', default=[], metavar='RUN',
                        help='runs of the other method; the files before it are the runs of the first method')
    parser.add_argument('--out', type=Path, metavar='DIR', help='folder for comparison.json and differences.png')
    args = parser.parse_args(argv)
    comparison = compare(args.runs, args.against, args.out)
    print('\n\n'.join(filter(None, [comparison.text, '\n'.join(map(str, comparison.files))])))


if __name__ == '__main__':
    with one_line_errors():
        main()
