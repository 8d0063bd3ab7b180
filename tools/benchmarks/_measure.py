"""Timing in turn, ratios, conditions, and a report as text and JSON: the common part of all benchmarks."""
from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import torch
from torch.utils.benchmark import timer  # synchronises the accelerator, then reads the clock

from emonext_mm.utils.files import write_atomic

PACKAGES = ('torch', 'torchvision', 'timm', 'mmengine', 'mmpretrain', 'cv2', 'numpy')
MINIMUM = 0.5  # seconds that a measurement takes at least


def alternate(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time several sides in turn, A B C, A B C, ..., so that other load on the machine affects all of them.

    Each side is called twice beforehand: once to compile and allocate, once to find how many calls last ``MINIMUM``
    seconds.

    Args:
        sides: the timed functions by name.
        rounds: number of measurements of each side.

    Returns:
        The seconds of one call in each round, by name.
    """
    calls = {}
    for name, call in sides.items():
        call()
        calls[name] = max(1, math.ceil(MINIMUM / _seconds(call)))
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
    """Median, minimum and maximum over all rounds."""

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
    """Cost of each side; less is better.

    Args:
        title: the measured quantity.
        unit: unit of the costs, such as 's/step'.
        costs: one value a round, by side.
        ours: the sides of this project; each other side is compared with each of them.
        images: number of images that a cost in seconds is for; adds images per second to the report.
    """

    title: str
    unit: str
    costs: dict[str, list[float]]
    ours: tuple[str, ...]
    images: int | None = None

    def ratios(self) -> list[dict]:
        """Cost of each other side divided by each of ours, round by round: above 1, ours is better."""
        return [
            {'of': other, 'over': mine, **asdict(Spread.of([a / b for a, b in zip(costs, self.costs[mine])]))}
            for mine in self.ours for other, costs in self.costs.items() if other not in self.ours
        ]

    def to_dict(self) -> dict:
        sides = {name: {'rounds': costs, **asdict(Spread.of(costs)), **self._rate(costs)}
                 for name, costs in self.costs.items()}
        return {'title': self.title, 'unit': self.unit, 'sides': sides, 'ratios': self.ratios()}

    def format(self) -> str:
        width = max(len(name) for name in self.costs) + 2
        lines = [f'{self.title}, {self.unit}: median (minimum..maximum)']
        for name, costs in self.costs.items():
            rate = ''.join(f'{value:14,.1f} images/s' for value in self._rate(costs).values())
            lines.append(f'  {name:<{width}}{Spread.of(costs)!s:<32}{rate}'.rstrip())
        lines += [f'  {ratio["of"]} / {ratio["over"]} = {Spread(ratio["median"], ratio["low"], ratio["high"])}'
                  for ratio in self.ratios()]
        return '\n'.join(lines)

    def _rate(self, costs: list[float]) -> dict:
        return {} if self.images is None else {'images_per_second': self.images / median(costs)}


def publish(benchmark: str, conditions: dict, tables: Sequence[Table], path: Path | None = None) -> None:
    """Print a report and, with ``path``, write it as JSON with the values of all rounds."""
    print(benchmark)
    print(', '.join(f'{key} {value}' for key, value in conditions.items()))
    for table in tables:
        print(f'\n{table.format()}')
    if path is not None:
        content = {'benchmark': benchmark, 'conditions': conditions, 'tables': [table.to_dict() for table in tables]}
        write_atomic(path, json.dumps(content, indent=1) + '\n')


def conditions(**more: object) -> dict:
    """Conditions of a measurement: device, threads, load before the start, versions; then ``more``."""
    return {
        'device': torch.cuda.get_device_name() if torch.cuda.is_available() else _cpu_name(),
        'threads': torch.get_num_threads(),
        'load': round(os.getloadavg()[0], 2),
        'python': platform.python_version(),
        **{package: importlib.import_module(package).__version__ for package in PACKAGES},
        **more,
    }


def parse_args(parser: argparse.ArgumentParser, argv: list[str] | None,
               rounds: int | None = None) -> argparse.Namespace:
    """Add the common options and parse; ``rounds`` is the default of --rounds, which does not exist when None."""
    parser.formatter_class = argparse.RawTextHelpFormatter
    if rounds:
        parser.add_argument('--rounds', type=positive, default=rounds,
                            help=f'measurements of each side (default: {rounds})')
    parser.add_argument('--json', type=Path, metavar='FILE',
                        help='write the report with the values of all rounds to this file')
    return parser.parse_args(argv)


def positive(text: str) -> int:
    """Parse a whole number above 0, for argparse."""
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
