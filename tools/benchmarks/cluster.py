"""Computed time of a training step on many GPUs, from the time of a step on one. Nothing is measured here.

    python tools/benchmarks/cluster.py configs/emonext_tiny_fer2013.py --step 0.1 --batch 64

Model: with weights of B bytes, n GPUs on nodes of g reduce their gradients in a ring of n steps out and n back, so that
2 (n - 1) / n * B bytes pass each link, at the bandwidth of its slowest link, and each step has its latency. A part of
it hides behind the backward pass. With shards (FSDP) the weights are gathered twice and the gradients are scattered
once: 3 (n - 1) / n * B bytes. Data loading, stragglers and validation are left out, so the result is an upper bound.
"""
from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import _environment  # noqa: F401
from _measure import positive
from mmengine.config import Config
from mmpretrain.registry import MODELS

from emonext_mm import compat
from emonext_mm.utils.errors import one_line_errors


class Cluster(NamedTuple):
    """Assumptions about a cluster."""

    node: int  # GPUs of a machine
    inside: float  # bytes/s of a GPU's link inside of a machine
    outside: float  # bytes/s of a GPU's share of the network between machines
    latency: float  # seconds of a message between machines; inside of one it is a tenth
    hidden: float  # part of the step behind which communication hides


def step_time(step: float, weights: float, gpus: int, cluster: Cluster, sharded: bool = False) -> float:
    """Seconds of a step with ``weights`` bytes of float32 gradients, where one GPU alone takes ``step``."""
    if gpus == 1:
        return step
    across = gpus > cluster.node
    bandwidth = cluster.outside if across else cluster.inside
    latency = cluster.latency if across else cluster.latency / 10
    passes = 3 if sharded else 2
    communication = passes * (gpus - 1) * (weights / gpus / bandwidth + latency)
    return step + max(0.0, communication - cluster.hidden * step)


def count_parameters(config: Path) -> int:
    """Number of weights of a config's model, data preprocessor included."""
    cfg = Config.fromfile(config)
    cfg.model.backbone.init_cfg = None
    model = MODELS.build({**cfg.model, 'data_preprocessor': cfg.data_preprocessor})
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=Path)
    parser.add_argument('--step', type=float, required=True, help='seconds of a step on one GPU, measured')
    parser.add_argument('--batch', type=positive, required=True, help='images of that step')
    parser.add_argument('--gpus', type=positive, nargs='+', default=[1, 8, 64, 512], help='default: 1 8 64 512')
    parser.add_argument('--node', type=positive, default=8, help='GPUs of a machine; default: %(default)s')
    parser.add_argument('--inside', type=float, default=200, help='GB/s inside of a machine; default: %(default)s')
    parser.add_argument('--outside', type=float, default=5, help='GB/s of each GPU between machines; '
                                                                 'default: %(default)s')
    parser.add_argument('--latency', type=float, default=20, help='microseconds between machines; default: %(default)s')
    parser.add_argument('--hidden', type=float, default=0.5, help='part of a step that hides communication; '
                                                                  'default: %(default)s')
    args = parser.parse_args(argv)
    compat.setup()
    cluster = Cluster(args.node, args.inside * 1e9, args.outside * 1e9, args.latency * 1e-6, args.hidden)
    parameters = count_parameters(args.config)
    print(f'{args.config.stem}: {parameters / 1e6:.1f} million weights, {4 * parameters / 1e6:.0f} MB of gradients')
    print('| GPUs | batch | DDP, ms | images/s | efficiency | FSDP, ms | images/s | efficiency |\n' + 8 * '|---' + '|')
    for gpus in args.gpus:
        cells = [f'{gpus}', f'{gpus * args.batch}']
        for sharded in (False, True):
            seconds = step_time(args.step, 4 * parameters, gpus, cluster, sharded)
            cells += [f'{seconds * 1e3:.0f}', f'{gpus * args.batch / seconds:.0f}', f'{args.step / seconds:.0%}']
        print(f'| {" | ".join(cells)} |')


if __name__ == '__main__':
    with one_line_errors():
        main()
