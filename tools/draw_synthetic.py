"""Draw a sheet of the synthetic faces, a column for each emotion.

python tools/draw_synthetic.py --out resources/synthetic_faces.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from emonext_mm.datasets.synthetic import SyntheticFER
from emonext_mm.emotions import CLASSES

ZOOM, GAP, HEADER = 2, 4, 24  # pixels


def draw_sheet(images: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """(N, 48, 48) uint8, N a multiple of the C names, to one grey picture of C columns under their names."""
    size = images.shape[1] * ZOOM
    pitch = size + GAP
    rows = len(images) // len(names)
    sheet = np.full((HEADER + rows * pitch, len(names) * pitch - GAP), 255, np.uint8)
    for i, image in enumerate(images):
        row, column = divmod(i, len(names))
        top, left = HEADER + row * pitch, column * pitch
        zoomed = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)
        sheet[top:top + size, left:left + size] = zoomed
    font = (cv2.FONT_HERSHEY_SIMPLEX, 0.5)
    for column, name in enumerate(names):
        (width, _), _ = cv2.getTextSize(name, *font, 1)
        start = (column * pitch + (size - width) // 2, HEADER - 9)
        cv2.putText(sheet, name, start, *font, 0, 1, cv2.LINE_AA)
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--out', type=Path, required=True, help='the picture (.png)')
    parser.add_argument('--rows', type=int, default=4, help='faces of each emotion (default: 4)')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    dataset = SyntheticFER(args.rows * len(CLASSES), seed=args.seed)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(args.out), draw_sheet(dataset.images, CLASSES), [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise SystemExit(f'{args.out}: cannot be written')
    print(f'{len(dataset)} faces in {args.out}')


if __name__ == '__main__':
    main()
