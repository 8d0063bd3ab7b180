"""How long a training step takes: a config of ours, timm's plain ConvNeXt of the size, and the authors' code.

    python tools/benchmarks/train_step.py configs/emonext_tiny_fer2013.py --batch 8 --compile --reference PATH

A step of ours is all that training does: uint8 faces to the data preprocessor and its STN, backbone, losses, backward,
optimizer, EMA and the other hooks. timm's has ready images, and neither preprocessor nor EMA; precision, layout,
optimizer, drop path and label smoothing are ours. The authors' loop runs as their README has it on a GPU (float16), and
in float32 on a CPU, in a process of its own, which has PyTorch's settings and not ours. All have a batch in memory.

A second table has the regulariser of ours by itself, forward and backward, beside the step that it is a part of.

With --images N the unit is an epoch over N faces instead, for ours and the authors' from the disk and through each
side's own data loader (the config's; ImageFolder and one worker), for timm still in memory, which no loader can beat.
"""
from __future__ import annotations

import argparse
import contextlib
import tempfile
from pathlib import Path
from typing import Callable

import torch
from _faces import draw_faces, write_folders
from _measure import Table, alternate, conditions, parse_args, positive, publish
from _process import apart
from _reference import Reference
from _training import DEVICE, ConfigTraining, add_config_options, load_config, timm_name, timm_training
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder

from emonext_mm.utils.errors import one_line_errors

REGULARISER = 'the regulariser'


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_options(parser)
    parser.add_argument('--batch', type=positive, default=8 if DEVICE == 'cpu' else 64, help='default: %(default)s')
    parser.add_argument('--compile', action='store_true', help='measure ours and timm compiled as well')
    parser.add_argument('--reference', metavar='PATH', help="checkout of the authors' code")
    parser.add_argument('--images', type=positive, metavar='N', help='measure epochs over so many faces')
    args = parse_args(parser, argv, rounds=10)
    cfg = load_config(args.config, args.cfg_options, args.precision, args.batch)
    steps = args.images // args.batch if args.images else 1
    if not steps:
        raise ValueError(f'--images {args.images} do not make a batch of {args.batch}')
    images = steps * args.batch
    with tempfile.TemporaryDirectory(prefix='emonext_mm_') as folder, contextlib.ExitStack() as stack:
        ours, sides = {}, {}
        if args.reference:
            authors = stack.enter_context(apart(
                authors_epoch, args.reference, cfg.model.backbone.arch, args.batch, args.images and images, folder))
        for suffix in ('', ', compiled') if args.compile else ('',):
            training = ConfigTraining(cfg, images if args.images else None, compiled=bool(suffix))
            ours[f'ours{suffix}'] = training.epoch if args.images else training.step
            plain = timm_training(cfg, args.batch, training.image_shape(), args.precision, compiled=bool(suffix))
            sides[f'timm {timm_name(cfg)}{suffix}'] = lambda plain=plain: [plain.step() for _ in range(steps)]
        if args.reference:
            sides['authors'] = authors
        measured_under = conditions(config=Path(args.config).stem, options=args.cfg_options, batch=args.batch,
                                    images=training.image_shape(), precision=args.precision)
        if not args.images and hasattr(training.runner.model.head, 'attention'):
            sides[REGULARISER] = training.regularise
        costs = alternate({**ours, **sides}, args.rounds)
    alone = {name: costs.pop(name) for name in (REGULARISER, ) if name in costs}
    title = f'an epoch of {images} faces' if args.images else 'a training step'
    tables = [Table(title, 's', costs, tuple(ours), images)]
    if alone:
        tables.append(Table('its part', 's', {**alone, **{name: costs[name] for name in ours}}, tuple(alone)))
    publish('train_step', measured_under, tables, args.json)


def authors_epoch(path: str, size: str, batch: int, images: int | None, folder: str) -> Callable[[], None]:
    """The authors' training over a batch in memory or, through their loader as their README sets it, drawn faces."""
    reference = Reference(path)
    batches = [(torch.rand(batch, 3, 224, 224), torch.arange(batch) % 7)]
    if images:
        faces = ImageFolder(write_folders(Path(folder), *draw_faces(images)) / 'train', reference.train_transform())
        batches = DataLoader(faces, batch, shuffle=True, num_workers=1)
    return reference.epoch(size, batches, amp=DEVICE != 'cpu')


if __name__ == '__main__':
    with one_line_errors():
        main()
