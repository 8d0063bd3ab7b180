"""What the benchmarks share: alternate measurement, ratios, conditions, and a report as text and as JSON."""
from __future__ import annotations

import argparse
import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Callable

import torch
from torch.utils.benchmark import timer  # waits for the accelerator, then reads the clock

from emonext_mm.utils.files import write_atomic

PACKAGES = ('torch', 'torchvision', 'timm', 'mmengine', 'mmpretrain', 'opencv-python', 'numpy')


def alternate(sides: dict[str, Callable[[], object]], rounds: int, least: float = 0.5) -> dict[str, list[float]]:
    """Time several sides in turn, A B C, A B C, ...: what else the machine does falls on all of them.

    Each side is called twice beforehand: once to compile and allocate, once to see how often it has to be called
    for a measurement to last ``least`` seconds.

    Args:
        sides: by name, what is timed.
        rounds: how often each side is measured.

    Returns:
        By name, the seconds of one call in each round.
    """
    calls = {}
    for name, call in sides.items():
        call()
        calls[name] = max(1, math.ceil(least / _seconds(call)))
    seconds = {name: [] for name in sides}
    for _ in range(rounds):
        for name, call in sides.items():
            seconds[name].append(_seconds(call, calls[name]))
    return seconds


def _seconds(call: Callable[[], object], calls: int = 1) -> float:
    start = timer()
    for _ in range(calls):
        call()
    return (timer() - start) / calls


@dataclass
class Spread:
    """Median and ends of the values of all rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        return f'{self.median:.4g} ({self.low:.4g}..{self.high:.4g})'


@dataclass
class Table:
    """What each side costs, the less the better.

    Args:
        title: what was measured.
        unit: of the costs, such as 's/step'.
        costs: by side, a value for each round.
        ours: which sides are of this project; the others are compared with each of them.
        images: how many images one unit of cost is for, if it is a time: their number a second is told too.
    """

    title: str
    unit: str
    costs: dict[str, list[float]]
    ours: tuple[str, ...]
    images: int | None = None

    def ratios(self) -> list[dict]:
        """Cost of each other side over that of each of ours, in the same round: above 1, ours is the better."""
        return [
            {'of': other, 'over': mine, **asdict(Spread.of([a / b for a, b in zip(costs, self.costs[mine])]))}
            for mine in self.ours for other, costs in self.costs.items() if other not in self.ours
        ]

    def to_plain(self) -> dict:
        sides = {name: {'rounds': costs, **asdict(Spread.of(costs)), **self._rate(costs)}
                 for name, costs in self.costs.items()}
        return {'title': self.title, 'unit': self.unit, 'sides': sides, 'ratios': self.ratios()}

    def to_text(self) -> str:
        width = max(len(name) for name in self.costs) + 2
        lines = [f'{self.title}, {self.unit}: median (least..most)']
        for name, costs in self.costs.items():
            rate = ''.join(f'{value:14,.1f} images/s' for value in self._rate(costs).values())
            lines.append(f'  {name:<{width}}{Spread.of(costs)!s:<32}{rate}'.rstrip())
        lines += [f'  {ratio["of"]} / {ratio["over"]} = {Spread(ratio["median"], ratio["low"], ratio["high"])}'
                  for ratio in self.ratios()]
        return '\n'.join(lines)

    def _rate(self, costs: list[float]) -> dict:
        return {} if self.images is None else {'images_per_second': self.images / median(costs)}


def publish(benchmark: str, conditions: dict, tables: Sequence[Table], path: Path | None = None) -> None:
    """Print a report and, with ``path``, write the same and every round's value as JSON."""
    print(benchmark)
    print(', '.join(f'{key} {value}' for key, value in conditions.items()))
    for table in tables:
        print(f'\n{table.to_text()}')
    if path is not None:
        content = {'benchmark': benchmark, 'conditions': conditions, 'tables': [table.to_plain() for table in tables]}
        write_atomic(path, json.dumps(content, indent=1) + '\n')


def conditions(**more: object) -> dict:
    """Of a measurement: machine, threads, load before it began, versions; then ``more``."""
    return {
        'device': torch.cuda.get_device_name() if torch.cuda.is_available() else _cpu_name(),
        'threads': torch.get_num_threads(),
        'load': round(os.getloadavg()[0], 2),
        'python': platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        **more,
    }


def parse_args(parser: argparse.ArgumentParser, argv: list[str] | None,
               rounds: int | None = None) -> argparse.Namespace:
    """Add the options that the benchmarks share, and parse; without ``rounds`` there is no alternation."""
    parser.formatter_class = argparse.RawTextHelpFormatter
    if rounds:
        parser.add_argument('--rounds', type=positive, default=rounds, help=f'of the alternation (default: {rounds})')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the report and every value to this file too')
    return parser.parse_args(argv)


def positive(text: str) -> int:
    """A whole number above 0, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'{text} is not above 0')
    return value


def _cpu_name() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(':')[2].strip() for line in lines if line.startswith('model name')), platform.machine())
