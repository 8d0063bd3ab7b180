"""Speed of the data path from disk to batch on one core: our configs, MMPretrain's pipeline, the authors' code.

    python tools/benchmarks/data_path.py configs/emonext_tiny_fer2013.py configs/emonext_tiny_fer2013_view.py \\
        --reference PATH

Each side makes the batches of its training, with one thread and no worker: ours with the data set and the loader of the
config (csv, mapped from its cache), MMPretrain's with its image folders and its transforms, in colour, its default, the
authors' with ImageFolder and the transforms of their train.py. The augmentation is the same, rotation and a crop of 224
from 236 px; the authors add two flips. A batch of ours and of MMPretrain's is uint8 and is normalised on the device;
the authors' is float32 and already scaled. The second table has the device's part of ours: the data preprocessor
without its STN. With an AffineView this includes resize, rotation and crop.
"""
from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import _environment  # noqa: F401
import cv2
import torch
from _faces import draw_faces, write_csv, write_folders
from _measure import Table, alternate, conditions, parse_args, positive, publish
from _reference import Reference
from _training import DEVICE, PRECISIONS, load_config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder

from emonext_mm import compat
from emonext_mm.utils.errors import one_line_errors

MMPRETRAIN = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=236, interpolation='bilinear'),
    dict(type='Rotate', magnitude_range=(-20, 20), magnitude_std='inf', prob=1.0, pad_val=0, interpolation='bilinear'),
    dict(type='RandomCrop', crop_size=224),
    dict(type='PackInputs'),
]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('configs', nargs='*', default=['configs/emonext_tiny_fer2013.py',
                                                       'configs/emonext_tiny_fer2013_view.py'])
    parser.add_argument('--batch', type=positive, default=64, help='default: %(default)s')
    parser.add_argument('--images', type=positive, default=1280, metavar='N',
                        help='faces in an epoch (default: %(default)s)')
    parser.add_argument('--reference', metavar='PATH', help="checkout of the authors' code")
    args = parse_args(parser, argv, rounds=10)
    compat.setup()
    if args.images < args.batch:
        raise ValueError(f'--images {args.images} do not make a batch of {args.batch}')
    images = args.images - args.images % args.batch
    init_default_scope('mmpretrain')
    MMLogger.get_current_instance().setLevel('ERROR')
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    configs = {Path(path).stem: load_config(path, {}, PRECISIONS[0], args.batch) for path in args.configs}
    reference = Reference(args.reference) if args.reference else None
    with tempfile.TemporaryDirectory(prefix='emonext_mm_') as folder:
        faces = draw_faces(images)
        csv = write_csv(Path(folder) / 'fer2013.csv', *faces)
        folders = write_folders(Path(folder) / 'folders', *faces) / 'train'
        loaders = {name: our_loader(cfg.train_dataloader, csv) for name, cfg in configs.items()}
        batches = {name: next(iter(loader)) for name, loader in loaders.items()}
        loaders['MMPretrain'] = mmpretrain_loader(folders, args.batch)
        if reference is not None:
            loaders['authors'] = DataLoader(ImageFolder(folders, reference.train_transform()), args.batch, shuffle=True)
        measured_under = conditions(batch=args.batch, images=images)
        host_costs = alternate({name: exhaust(loader) for name, loader in loaders.items()}, args.rounds)
        device_costs = alternate({name: preprocess(configs[name].data_preprocessor, batch)
                                  for name, batch in batches.items()}, args.rounds)
    publish('data_path', measured_under, [
        Table(f'{images} faces from disk to batches, one core', 's', host_costs, tuple(configs), images),
        Table(f'a batch of {args.batch} from uint8 to the input of the model, on the device', 's', device_costs,
              tuple(configs), args.batch),
    ], args.json)


def our_loader(cfg: dict, csv: Path) -> DataLoader:
    """Build a config's training loader without workers."""
    cfg = dict(cfg, dataset=dict(cfg['dataset'], data_root=str(csv)), num_workers=0, persistent_workers=False)
    return Runner.build_dataloader(cfg, seed=0)


def mmpretrain_loader(folders: Path, batch: int) -> DataLoader:
    """Build MMPretrain's loader of image folders with the same augmentation."""
    return Runner.build_dataloader(dict(
        batch_size=batch,
        num_workers=0,
        dataset=dict(type='CustomDataset', data_root=str(folders), pipeline=MMPRETRAIN),
        sampler=dict(type='DefaultSampler', shuffle=True),
        collate_fn=dict(type='default_collate'),
    ), seed=0)


def exhaust(loader: Iterable) -> Callable[[], None]:
    """Return a function that takes every batch of an epoch."""
    def run() -> None:
        for _ in loader:
            pass
    return run


def preprocess(cfg: dict, batch: dict) -> Callable[[], object]:
    """Return a function that runs a config's data preprocessor in training mode, without STN, on the device."""
    preprocessor = MODELS.build(dict(cfg, localization_size=None)).to(DEVICE)
    batch = preprocessor.cast_data(batch)
    return lambda: preprocessor(dict(batch), training=True)


if __name__ == '__main__':
    with one_line_errors():
        main()
