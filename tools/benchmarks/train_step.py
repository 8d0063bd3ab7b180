"""Time of a training step: one of our configs, timm's plain ConvNeXt of the same size, the authors' code.

    python tools/benchmarks/train_step.py configs/emonext_tiny_fer2013.py --batch 8 --compile --reference PATH

A step of ours is complete: uint8 faces, data preprocessor with STN, backbone, losses, backward, optimizer, EMA and the
other hooks. timm's step starts from float images, without preprocessor and EMA; its precision, memory format,
optimizer, drop path and label smoothing are those of the config. The authors' loop runs in float16 on a GPU, as in
their README, and in float32 on a CPU, in a new process without the memory settings of ours. Each batch is in memory.
A config with depths and channels of its own has no side of timm.

A second table compares the time of ours for 10^9 floating-point operations with that of a matrix multiplication. The
ratio is the share of the machine's peak that the step reaches. A third table compares the regulariser of ours, forward
and backward, with the whole step.

With --images N an epoch over N faces is timed instead. Ours and the authors' read from disk through their own data
loaders (the config's; ImageFolder with one worker); timm's batch stays in memory.
"""
from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import _environment  # noqa: F401
import torch
from _faces import draw_faces, write_folders
from _measure import Table, alternate, conditions, parse_args, positive, publish
from _process import in_new_process
from _reference import Reference
from _training import DEVICE, ConfigTraining, add_config_options, load_config, timm_name, timm_training
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder

from emonext_mm import compat
from emonext_mm.utils.errors import one_line_errors

REGULARISER = 'the regulariser'
PEAK = 'matrix multiplication'
SIDE = 8192 if DEVICE == 'cuda' else 2048  # of the multiplied matrices; smaller ones do not fill a GPU


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_options(parser)
    parser.add_argument('--batch', type=positive, default=8 if DEVICE == 'cpu' else 64, help='default: %(default)s')
    parser.add_argument('--compile', action='store_true', help='also measure ours and timm compiled')
    parser.add_argument('--reference', metavar='PATH', help="checkout of the authors' code")
    parser.add_argument('--images', type=positive, metavar='N', help='measure epochs over N faces')
    args = parse_args(parser, argv, rounds=10)
    compat.setup()
    cfg = load_config(args.config, args.cfg_options, args.precision, args.batch)
    steps = args.images // args.batch if args.images else 1
    if not steps:
        raise ValueError(f'--images {args.images} do not make a batch of {args.batch}')
    images = steps * args.batch
    with tempfile.TemporaryDirectory(prefix='emonext_mm_') as folder, contextlib.ExitStack() as stack:
        ours, sides = {}, {}
        if args.reference:
            authors = stack.enter_context(in_new_process(
                authors_epoch, args.reference, cfg.model.backbone.arch, args.batch, args.images and images, folder))
        for suffix in ('', ', compiled') if args.compile else ('',):
            training = ConfigTraining(cfg, images if args.images else None, compiled=bool(suffix))
            ours[f'ours{suffix}'] = training.epoch if args.images else training.step
            if timm_name(cfg):
                plain = timm_training(cfg, args.batch, training.image_shape(), args.precision, compiled=bool(suffix))
                sides[f'timm {timm_name(cfg)}{suffix}'] = lambda plain=plain: [plain.step() for _ in range(steps)]
        if args.reference:
            sides['authors'] = authors
        measured_under = conditions(config=Path(args.config).stem, options=args.cfg_options, batch=args.batch,
                                    images=training.image_shape(), precision=args.precision)
        parts = {} if args.images else {PEAK: multiplication(args.precision)}
        if parts and hasattr(training.runner.model.head, 'attention'):
            parts[REGULARISER] = training.regularise
        costs = alternate({**ours, **sides, **parts}, args.rounds)
    alone = {name: costs.pop(name) for name in parts}
    mine = {name: costs[name] for name in ours}
    title = f'an epoch of {images} faces' if args.images else 'a training step'
    tables = [Table(title, 's', costs, tuple(ours), images)]
    if PEAK in alone:
        amounts = dict.fromkeys(mine, training.flops()) | {PEAK: 2 * SIDE**3}
        costs = {name: [1e9 * cost / amounts[name] for cost in each] for name, each in {**mine, **alone}.items()
                 if name in amounts}
        tables.append(Table('10^9 floating-point operations', 's', costs, tuple(ours)))
    if REGULARISER in alone:
        costs = {REGULARISER: alone[REGULARISER], **mine}
        tables.append(Table('the regulariser and the whole step', 's', costs, (REGULARISER, )))
    publish('train_step', measured_under, tables, args.json)


def multiplication(precision: str) -> Callable[[], Tensor]:
    """Return the multiplication of two square matrices, the fastest that PyTorch computes on this machine."""
    left, right = torch.randn(2, SIDE, SIDE, device=DEVICE, dtype=getattr(torch, precision))
    return lambda: left @ right


def authors_epoch(path: str, size: str, batch: int, images: int | None, folder: str) -> Callable[[], None]:
    """Return the authors' epoch over a batch in memory or, with ``images``, over drawn faces through their loader."""
    reference = Reference(path)
    batches = [(torch.rand(batch, 3, 224, 224), torch.arange(batch) % 7)]
    if images:
        faces = ImageFolder(write_folders(Path(folder), *draw_faces(images)) / 'train', reference.train_transform())
        batches = DataLoader(faces, batch, shuffle=True, num_workers=1)
    return reference.epoch(size, batches, amp=DEVICE != 'cpu')


if __name__ == '__main__':
    with one_line_errors():
        main()
