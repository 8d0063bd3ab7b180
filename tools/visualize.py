"""Draw what there is to see of a config, and of the training run that it led to.

    python tools/visualize.py configs/emonext_atto_synthetic.py work_dirs/emonext_atto_synthetic

confusion  counts of true and predicted classes
mistakes   the most confident ones
stn        faces before and after the STN, with the frame that it samples
cam        class-activation maps, on the faces as they were before the STN
curves     learning curves, from the log of the work dir
schedule   learning rate (and momentum, if it changes); needs the config alone

Faces are those of the test split; --cfg-options test_dataloader.dataset.split=val takes the validation split. In place
of the work dir a checkpoint in it will do. What cannot be drawn is named, with the reason.
"""
from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path

import _preflight  # noqa: F401
from mmengine.config import DictAction
from mmengine.runner import Runner

from emonext_mm.apis.visualize import PICTURES, Run
from emonext_mm.compat.config import prepare_test, prepare_train
from emonext_mm.utils.command_line import find_checkpoint, read_test_config
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.visualization.backends import kept_open, save_and_log


def parse_args() -> Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('run', nargs='?', type=Path, help='work dir of a training run, or a checkpoint')
    parser.add_argument('--out', type=Path, help='folder of the pictures (default: pictures/ in the work dir)')
    parser.add_argument('--only', nargs='+', choices=PICTURES, help='these pictures, and fail without one of them')
    parser.add_argument('--tta', action='store_true', help='confusion and mistakes on ten crops, as in test.py')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='as in test.py')
    return parser.parse_intermixed_args()  # options may stand before the run, which may be absent


def find_run(args: Namespace) -> tuple[Path | None, Path | None]:
    """Work dir and checkpoint, as far as they are there.

    Raises:
        FileNotFoundError: they were given, and are not there.
    """
    if args.run is not None and not args.run.exists():
        raise FileNotFoundError(f'{args.run}: there is no such checkpoint, nor a work dir')
    if args.run is None or not args.run.is_dir():
        return args.run and args.run.parent, args.run
    try:
        return args.run, find_checkpoint(args.run)
    except FileNotFoundError:  # the run is young; it may have a log
        return args.run, None


def build_runner(args: Namespace, out: Path, checkpoint: Path | None) -> Runner:
    cfg = read_test_config(Namespace(
        config=args.config, work_dir=str(out), checkpoint=checkpoint and str(checkpoint), cfg_options=args.cfg_options,
        tta=args.tta, launcher='none', amp=False, show=False, show_dir=None, no_pin_memory=False))
    cfg.test_evaluator = []
    return Runner.from_cfg(prepare_test(prepare_train(cfg)))


def main() -> None:
    args = parse_args()
    log_dir, checkpoint = find_run(args)
    out = args.out or (log_dir or Path('work_dirs') / Path(args.config).stem) / 'pictures'
    runner = build_runner(args, out, checkpoint)
    missing = {}
    with kept_open(runner.visualizer):
        run = Run(runner, log_dir)
        for name in args.only or PICTURES:
            try:
                figure = PICTURES[name](run)
            except (ValueError, OSError, ImportError) as error:
                missing[name] = f'not drawn: {error}'
            else:
                save_and_log(figure, out / f'{name}.png', runner.visualizer, run.note(name))
    print('', *(f'{name:<10}{missing.get(name, out / f"{name}.png")}' for name in args.only or PICTURES), sep='\n')
    if args.only and missing:
        raise ValueError('; '.join(f'{name} was {reason}' for name, reason in missing.items()))


if __name__ == '__main__':
    with one_line_errors():
        main()
