"""Draw the figures of a training run from its config, checkpoint and log.

    python tools/visualize.py configs/emonext_atto_synthetic.py work_dirs/emonext_atto_synthetic

confusion  confusion matrix
mistakes   most confident mistakes
stn        faces before and after the STN, with the frame that it samples
cam        class activation maps, on the faces before the STN (pip install captum)
curves     learning curves, from the log in the work dir

Faces come from the test split; --cfg-options test_dataloader.dataset.split=val takes the validation split. A checkpoint
may be given instead of a work dir. A figure that cannot be drawn is listed with the reason.
"""
from __future__ import annotations

import argparse
from argparse import Namespace

import _preflight  # noqa: F401

from emonext_mm.apis.visualize import FIGURES, visualize
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.utils.options import OptionAction


def parse_args(argv: list[str] | None = None) -> Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('run', nargs='?', help='work dir of a training, or a checkpoint')
    parser.add_argument('--out', help='folder of the figures (default: figures/ in the work dir)')
    parser.add_argument('--only', nargs='+', choices=FIGURES, default=[],
                        help='only these figures; an error if one cannot be drawn')
    parser.add_argument('--tta', action='store_true', help='confusion and mistakes on ten crops, as in test.py')
    parser.add_argument('--cfg-options', nargs='+', action=OptionAction, metavar='KEY=VALUE', help='as in test.py')
    return parser.parse_intermixed_args(argv)  # an optional run may follow the options


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    result = visualize(**vars(args))
    missing = {name: f'not drawn: {reason}' for name, reason in result.missing.items()}
    print('', *(f'{name:<10}{path}' for name, path in {**result.figures, **missing}.items()), sep='\n')
    if missing and (args.only or not result.figures):
        raise ValueError('; '.join(f'{name} was {reason}' for name, reason in missing.items()))


if __name__ == '__main__':
    with one_line_errors():
        main()
