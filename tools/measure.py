"""Measure a trained model: accuracy, per class, on ten crops, calibration, and accuracy on changed faces.

    python tools/measure.py configs/emonext_atto_synthetic.py work_dirs/emonext_atto_synthetic --out measured.json

The work dir of a training stands for its best checkpoint. Choose models and the temperature on PublicTest, --split val
(the default); measure PrivateTest, --split test, once.

Faces are changed by the side of the crop, its centre, rotation, brightness, blur, JPEG and resolution; the accuracy of
each change is logged as soon as it is known. The tables are printed; --out also writes all figures.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.apis.measure import measure
from emonext_mm.datasets.splits import SPLITS
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.utils.options import OptionAction


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint', help='checkpoint, or work dir of a training')
    parser.add_argument('--split', choices=SPLITS, default='val', help='default: val, which is PublicTest')
    parser.add_argument('--out', type=Path, metavar='FILE.json', help='file of all figures')
    parser.add_argument('--cfg-options', nargs='+', action=OptionAction, metavar='KEY=VALUE', help='as in test.py')
    print(f'\n{measure(**vars(parser.parse_args(argv))).text}')


if __name__ == '__main__':
    with one_line_errors():
        main()
