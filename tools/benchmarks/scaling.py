"""Growth of time and memory of a training step with batch, resolution and model size, as a figure and as numbers.

    python tools/benchmarks/scaling.py configs/emonext_tiny_fer2013.py --out work_dirs/scaling.png

One of the three is varied at a time; the others stay at --batch, 224 px and the size of the config. The two sides, ours
and timm's plain ConvNeXt, are those of train_step.py. Memory is measured on a GPU and estimated without one, as by
memory.py.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import _environment  # noqa: F401
import torch
from _measure import Spread, Table, alternate, conditions, parse_args, positive, publish
from _memory import config_workload, peak, timm_workload
from _training import DEVICE, ConfigTraining, add_config_options, load_config, of_size, timm_training
from matplotlib.figure import Figure
from mmengine.config import Config

from emonext_mm import compat
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.visualization.backends import save_figure

SIDES = ('ours', 'timm ConvNeXt')
PIXELS = 224


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_options(parser)
    parser.add_argument('--out', type=Path, required=True, help='file of the figure (.png)')
    parser.add_argument('--batch', type=positive, default=8 if DEVICE == 'cpu' else 64, help='default: %(default)s')
    parser.add_argument('--batches', nargs='*', type=positive, default=[1, 2, 4, 8, 16], help='default: 1 2 4 8 16')
    parser.add_argument('--pixels', nargs='*', type=positive, default=[96, 160, 224, 288],
                        help='default: 96 160 224 288')
    parser.add_argument('--sizes', nargs='*', default=['atto', 'nano', 'tiny', 'small', 'base'],
                        help='default: atto nano tiny small base')
    args = parse_args(parser, argv, rounds=3)
    compat.setup()
    size = load_config(args.config, args.cfg_options, args.precision, args.batch).model.backbone.arch
    axes = {
        'batch': [(batch, (batch, PIXELS, size)) for batch in args.batches],
        'pixels': [(pixels, (args.batch, pixels, size)) for pixels in args.pixels],
        'size': [(other, (args.batch, PIXELS, other)) for other in args.sizes],
    }
    measured_under = conditions(config=Path(args.config).stem, options=args.cfg_options, batch=args.batch,
                                pixels=PIXELS, precision=args.precision,
                                memory='measured' if DEVICE == 'cuda' else 'estimated')
    tables = {}
    for point in dict.fromkeys(point for axis in axes.values() for _, point in axis):
        batch, pixels, other = point
        cfg = load_config(args.config, {**of_size(other), **args.cfg_options}, args.precision, batch)
        tables[point] = measure(cfg, batch, pixels, args.precision, args.rounds)
        print(tables[point][0].format(), flush=True)
    publish('scaling', measured_under, [table for both in tables.values() for table in both], args.json)
    save_figure(draw(axes, tables), args.out)
    print(f'\n{args.out}')


def measure(cfg: Config, batch: int, pixels: int, precision: str, rounds: int) -> tuple[Table, Table]:
    """Measure the time and the memory of a step of both sides."""
    ours = ConfigTraining(cfg)
    ours.batch['inputs'] = torch.randint(256, (batch, 1, pixels, pixels), dtype=torch.uint8)
    plain = timm_training(cfg, batch, (3, pixels, pixels), precision)
    seconds = alternate(dict(zip(SIDES, (ours.step, plain.step))), rounds)
    del ours, plain
    memory = [[peak(workload)] for workload in (config_workload(cfg, batch, pixels),
                                                timm_workload(cfg, batch, pixels, precision))]
    title = f'{cfg.model.backbone.arch}, batch {batch}, {pixels} px'
    return (Table(f'{title}: time', 's', seconds, SIDES[:1], batch),
            Table(f'{title}: memory', 'MB', dict(zip(SIDES, memory)), SIDES[:1]))


def draw(axes: dict[str, list], tables: dict[tuple, tuple[Table, Table]]) -> Figure:
    """Draw time above memory, one column for each axis, with bars from the minimum to the maximum of the rounds."""
    shown = {name: points for name, points in axes.items() if points}
    figure = Figure(figsize=(4 * len(shown), 6), layout='constrained')
    panels = figure.subplots(2, len(shown), squeeze=False)
    for column, (name, points) in enumerate(shown.items()):
        for row, unit in enumerate(('s', 'MB')):
            panel = panels[row, column]
            for side in SIDES:
                spreads = [Spread.of(tables[point][row].costs[side]) for _, point in points]
                middle = [spread.median for spread in spreads]
                ends = [[spread.median - spread.low for spread in spreads],
                        [spread.high - spread.median for spread in spreads]]
                panel.errorbar([value for value, _ in points], middle, ends, marker='o', capsize=3, label=side)
            panel.set(xlabel=name, ylim=(0, None), ylabel=f'{unit} per step')
            panel.grid(alpha=0.3)
    panels[0, 0].legend()
    return figure


if __name__ == '__main__':
    with one_line_errors():
        main()
