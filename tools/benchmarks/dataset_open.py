"""Time and memory to open FER2013 in each layout: ours, pandas with str.split, torchvision.

    python tools/benchmarks/dataset_open.py

Each layout holds drawn faces, as many as FER2013 has for training. Each measurement opens it in a new process. Ours
reads a layout once and writes a cache ("first"), from which later processes map the faces ("again"). Memory is the
growth of the process: at its peak, and what it keeps for itself; all workers share the pages of the mapped cache.
torchvision's ImageFolder reads every image once, as an epoch does.
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _faces import draw_faces, write_csv, write_folders
from _measure import Table, conditions, parse_args, positive, publish

from emonext_mm.utils.errors import one_line_errors

CSV_HEADERS = {
    'fer2013.csv': 'emotion,pixels,Usage',
    'icml_face_data.csv': 'emotion, Usage, pixels',
    'train.csv': 'emotion,pixels',
}
LAYOUTS = (*CSV_HEADERS, 'folders')
OURS = ('ours, first', 'ours, again')
QUANTITIES = {'seconds': ('time', 's'), 'peak_mb': ('memory at its peak', 'MB'), 'kept_mb': ('memory kept', 'MB')}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=positive, default=28_709, metavar='N', help='faces (default: %(default)s)')
    parser.add_argument('--layouts', nargs='+', choices=LAYOUTS, default=LAYOUTS, help='default: all')
    args = parse_args(parser, argv, rounds=5)
    faces = draw_faces(args.images)
    measured_under = conditions(images=args.images)
    tables = []
    for layout in args.layouts:
        with tempfile.TemporaryDirectory(prefix='emonext_mm_') as folder:
            root = Path(folder) / 'fer2013'  # the name that torchvision expects
            others = write_layout(root, layout, *faces)
            tables += to_tables(layout, measure(root, others, args.rounds))
    publish('dataset_open', measured_under, tables, args.json)


def write_layout(root: Path, layout: str, images: np.ndarray, labels: np.ndarray) -> dict[str, str]:
    """Write the faces; return the readers of ``_open.py`` that are compared with ours, by name of the side."""
    root.mkdir()
    if layout == 'folders':
        write_folders(root, images, labels)
        return {'torchvision ImageFolder': 'torchvision_folders'}
    write_csv(root / layout, images, labels, CSV_HEADERS[layout])
    return {'pandas and split': 'pandas_split', 'torchvision FER2013': 'torchvision_csv'}


def measure(root: Path, others: dict[str, str], rounds: int) -> dict[str, list[dict]]:
    """Measure the sides in turn, as often as there are rounds; the first of ours starts without a cache."""
    written = set(root.iterdir())
    costs = {name: [] for name in (*OURS, *others)}
    for _ in range(rounds):
        for cache in set(root.iterdir()) - written:
            cache.unlink()
        for name in costs:
            costs[name].append(open_once(others.get(name, 'ours'), root))
    return costs


def open_once(reader: str, root: Path) -> dict:
    """Run ``_open.py`` in a new process."""
    command = [sys.executable, str(Path(__file__).with_name('_open.py')), reader, str(root)]
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(child.stdout)


def to_tables(layout: str, costs: dict[str, list[dict]]) -> list[Table]:
    return [
        Table(f'{layout}: {title}', unit, {side: [cost[key] for cost in found] for side, found in costs.items()}, OURS)
        for key, (title, unit) in QUANTITIES.items() if key in costs[OURS[0]][0]
    ]


if __name__ == '__main__':
    with one_line_errors():
        main()
