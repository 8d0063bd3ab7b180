"""Time of inference: one of our configs, eager, compiled and exported, timm's ConvNeXt, the authors' code.

    python tools/benchmarks/inference.py configs/emonext_tiny_fer2013.py --reference PATH

A call of ours takes uint8 faces, as a test loader returns them, and predicts: data preprocessor with STN, backbone,
head, data samples. A config with depths and channels of its own has no side of timm. Compiled: the backbone is
compiled. Exported: everything but the data samples is one package of AOTInductor. timm's model takes float images and
returns logits. The weights of both are in --precision. The authors' model takes float images too, in float16 autocast
on a GPU, as in their README, and in float32 on a CPU; it runs in a new process, without the memory settings of ours.
"""
from __future__ import annotations

import argparse
import contextlib
import copy
import tempfile
from collections.abc import Callable
from pathlib import Path

import _environment  # noqa: F401
import timm
import torch
from _measure import Table, alternate, conditions, parse_args, positive, publish
from _process import in_new_process
from _reference import Reference
from _training import DEVICE, add_config_options, timm_name
from mmengine.config import Config
from torch import Tensor, nn

from emonext_mm import compat
from emonext_mm.compat.config import prepare_test
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.utils.models import build_model

MODES = ('eager', 'compiled', 'exported')


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_options(parser)
    parser.add_argument('--batches', nargs='+', type=positive, default=[1, 64], help='default: 1 64')
    parser.add_argument('--pixels', type=positive, default=224, help='side of the faces (default: 224)')
    parser.add_argument('--modes', nargs='+', choices=MODES, default=MODES, help='variants of ours (default: all)')
    parser.add_argument('--reference', metavar='PATH', help="checkout of the authors' code")
    args = parse_args(parser, argv, rounds=20)
    compat.setup()
    cfg = prepare_test(Config.fromfile(args.config))
    cfg.model.backbone.init_cfg = None
    cfg.merge_from_dict(args.cfg_options)
    model = build_model(cfg).to(DEVICE).eval()
    for part in (model.backbone, model.head):  # the STN stays in float32
        part.to(getattr(torch, args.precision))
    measured_under = conditions(config=Path(args.config).stem, options=args.cfg_options, pixels=args.pixels,
                                precision=args.precision)
    tables = []
    for batch in args.batches:
        torch.compiler.reset()
        with torch.inference_mode(), contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='emonext_mm_')))
            faces = torch.randint(256, (batch, 1, args.pixels, args.pixels), dtype=torch.uint8)
            ours = {f'ours, {mode}': BUILD[mode](copy.deepcopy(model), faces, args.precision, folder)
                    for mode in args.modes}
            others = {}
            if timm_name(cfg):
                others[f'timm {timm_name(cfg)}'] = timm_call(cfg, batch, args.pixels, args.precision)
            if args.reference:
                others['authors'] = stack.enter_context(in_new_process(
                    authors_call, args.reference, cfg.model.backbone.arch, batch))
            costs = alternate({**ours, **others}, args.rounds)
            tables.append(Table(f'{batch} faces', 's', costs, tuple(ours), batch))
    publish('inference', measured_under, tables, args.json)


class Predictor(nn.Module):
    """Model from faces (N, 1, H, W) uint8 to probabilities (N, K), with its data preprocessor."""

    def __init__(self, model: nn.Module, precision: str) -> None:
        super().__init__()
        self.model, self.precision = model, precision

    def forward(self, faces: Tensor) -> Tensor:
        with autocast(self.precision):
            images = self.model.data_preprocessor(dict(inputs=faces))['inputs']
            return self.model.head.fc(self.model.backbone(images)[-1]).softmax(-1)


def eager(model: nn.Module, faces: Tensor, precision: str, folder: Path) -> Callable[[], list]:
    def call() -> list:
        with autocast(precision):
            return model.test_step(dict(inputs=faces))
    return call


def compiled(model: nn.Module, faces: Tensor, precision: str, folder: Path) -> Callable[[], list]:
    model.backbone.compile()
    return eager(model, faces, precision, folder)


def exported(model: nn.Module, faces: Tensor, precision: str, folder: Path) -> Callable[[], Tensor]:
    with torch.no_grad():  # inference tensors cannot be exported
        program = torch.export.export(Predictor(model, precision), (faces.to(DEVICE),))
        package = torch._inductor.aoti_compile_and_package(program, package_path=str(folder / f'{len(faces)}.pt2'))
    run = torch._inductor.aoti_load_package(package)
    return lambda: run(faces.to(DEVICE)).cpu()


BUILD = dict(zip(MODES, (eager, compiled, exported)))


def timm_call(cfg: Config, batch: int, size: int, precision: str) -> Callable[[], Tensor]:
    model = timm.create_model(timm_name(cfg), num_classes=7).eval()
    model = model.to(DEVICE, getattr(torch, precision), memory_format=torch.channels_last)
    images = torch.randn(batch, 3, size, size, device=DEVICE).contiguous(memory_format=torch.channels_last)

    def call() -> Tensor:
        with autocast(precision):
            return model(images)
    return call


def authors_call(path: str, size: str, batch: int) -> Callable[[], Tensor]:
    model = Reference(path).model(size).to(DEVICE).eval()
    images = torch.rand(batch, 3, 224, 224, device=DEVICE)  # the only size of their model

    def call() -> Tensor:
        with torch.inference_mode(), autocast('float32' if DEVICE == 'cpu' else 'float16'):
            return model(images)[1].cpu()
    return call


def autocast(precision: str) -> torch.autocast:
    return torch.autocast(DEVICE, getattr(torch, precision), enabled=precision != 'float32')


if __name__ == '__main__':
    with one_line_errors():
        main()
