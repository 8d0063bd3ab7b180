"""Draw a sample of the synthetic faces, a column for each emotion.

    python tools/draw_synthetic.py --out resources/synthetic_faces.png
"""
from __future__ import annotations

import argparse
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.datasets.synthetic import SyntheticFER
from emonext_mm.emotions import CLASSES
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.visualization.backends import save_figure
from emonext_mm.visualization.image_grid import draw_grid


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--out', type=Path, required=True, help='the figure (.png)')
    parser.add_argument('--rows', type=int, default=4, help='faces of each emotion (default: 4)')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(argv)
    dataset = SyntheticFER(args.rows * len(CLASSES), seed=args.seed)
    captions = [CLASSES[label] for label in dataset.labels]
    save_figure(draw_grid(dataset.images, captions, 'Drawn faces', columns=len(CLASSES)), args.out)
    print(f'{len(dataset)} faces in {args.out}')


if __name__ == '__main__':
    with one_line_errors():
        main()
