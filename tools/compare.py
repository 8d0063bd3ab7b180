"""Compare runs on the same samples: is a difference more than noise?

    python tools/test.py CONFIG work_dirs/a --out a.json    # .csv does as well
    python tools/test.py CONFIG work_dirs/b --out b.json
    python tools/compare.py a.json b.json --out work_dirs/a_b

Three files or more: each is compared with the first. Several runs of two methods, which differ by their seeds alone:

    python tools/compare.py a0.json a1.json a2.json --against b0.json b1.json b2.json

Of two runs it gives the difference in accuracy with its 95 % interval (Tango) and McNemar's exact test, on all images
and on those without a copy in training, and the change of each class (Holm's correction); over several seeds, their
spread, and the difference against the noise of seeds and samples. It ends with what that shows, in words.

The report goes to the screen; --out adds comparison.json (all of it) and differences.png, the images on which two
differ most (with three files or more: differences_B.png, ...).
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.evaluation.comparison.alignment import pair
from emonext_mm.evaluation.comparison.dataset import find_tested_data, which_are_clean
from emonext_mm.evaluation.comparison.report import compare, make_sides
from emonext_mm.evaluation.comparison.text import to_text
from emonext_mm.evaluation.predictions import read_predictions
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.utils.files import write_atomic
from emonext_mm.visualization.backends import save_figure
from emonext_mm.visualization.differences import draw_differences


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('runs', nargs='+', help='predictions, as tools/test.py --out writes them (.json, .csv)')
    parser.add_argument('--against', nargs='+', default=[], metavar='RUN',
                        help='then the runs before it are one method, those after it the other')
    parser.add_argument('--out', type=Path, metavar='DIR', help='folder for comparison.json and differences.png')
    args = parser.parse_args(argv)
    if len(args.runs) + len(args.against) < 2:
        raise ValueError(f'{args.runs[0]} is compared with nothing: give two files or more')
    runs = pair([read_predictions(path) for path in (*args.runs, *args.against)])
    count = len(args.runs)
    sides = make_sides([runs[:count], runs[count:]] if args.against else [[run] for run in runs])
    data = clean = None
    notes = []
    try:
        data = find_tested_data(runs[0])
        clean = which_are_clean(*data)
    except ValueError as error:
        missing = 'images without a copy in training are not told apart' + ('' if data else ', and none is drawn')
        notes.append(f'{missing}: {error}')
    plain = compare(sides, clean)
    print('\n'.join([to_text(plain), '', *notes]).rstrip())
    if args.out:
        write_atomic(args.out / 'comparison.json', json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False))
        print(f'\n{args.out / "comparison.json"}')
        for side in sides[1:] if data else []:
            path = args.out / ('differences.png' if len(sides) == 2 else f'differences_{side.name}.png')
            try:
                save_figure(draw_differences(*data, sides[0], side), path)
                print(path)
            except FileNotFoundError as error:  # files of images, which a data set opens no sooner
                print(f'{path} was not drawn: {error}')


if __name__ == '__main__':
    with one_line_errors():
        main()
