"""Peak memory of a training step by model size and batch, and the trainings that fit a card of 16 GB.

    python tools/benchmarks/memory.py configs/emonext_tiny_fer2013.py --sizes tiny xlarge --batches 32 64

On a GPU it is measured, and each training is tried within the memory that PyTorch can use on a 16 GB card (14.5 GiB).
Without a GPU it is estimated on tensors without data (see _memory.py). Ours is compared with timm's plain ConvNeXt,
without preprocessor, regulariser and EMA, and, with --reference, the authors' model with its EMA, all in the same
precision.
"""
from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import _environment  # noqa: F401
from _measure import Table, conditions, parse_args, positive, publish
from _memory import CARD, config_workload, fits, peak, reference_workload, timm_workload
from _reference import SIZES, Reference
from _training import DEVICE, add_config_options, load_config, of_size, timm_name

from emonext_mm import compat
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_options(parser)
    parser.add_argument('--sizes', nargs='+', default=SIZES, help=f'default: {" ".join(SIZES)}')
    parser.add_argument('--batches', nargs='+', type=positive, default=[16, 32, 64, 128], help='default: 16 32 64 128')
    parser.add_argument('--pixels', type=positive, default=224, help='side of the faces (default: 224)')
    parser.add_argument('--reference', metavar='PATH', help="checkout of the authors' code")
    args = parse_args(parser, argv)
    compat.setup()
    reference = Reference(args.reference) if args.reference else None
    tables, fitting = [], []
    for size in args.sizes:
        for batch in args.batches:
            cfg = load_config(args.config, {**of_size(size), **args.cfg_options}, args.precision, batch)
            builders = {
                'ours': partial(config_workload, cfg, batch, args.pixels),
                f'timm {timm_name(cfg)}': partial(timm_workload, cfg, batch, args.pixels, args.precision),
            }
            if reference is not None:
                builders['authors'] = partial(reference_workload, reference, cfg, batch, args.precision)
            costs = {name: peak(build()) for name, build in builders.items()}
            title = f'{size}, batch {batch}'
            tables.append(Table(title, 'MB', {name: [cost] for name, cost in costs.items()}, ('ours',)))
            print(f'{title}: {costs["ours"]:,.0f} MB', flush=True)
            if (fits(builders['ours']) if DEVICE == 'cuda' else costs['ours'] <= CARD / 2**20):
                fitting.append(title)
    how = 'measured' if DEVICE == 'cuda' else 'estimated, without libraries, context and fragmentation'
    measured_under = conditions(config=Path(args.config).stem, options=args.cfg_options, pixels=args.pixels,
                                precision=args.precision, peak=how, fits_16_GB=fitting)
    publish('memory', measured_under, tables, args.json)
    print(f'\nFits a card of 16 GB: {"; ".join(fitting) or "none"}')


if __name__ == '__main__':
    with one_line_errors():
        main()
