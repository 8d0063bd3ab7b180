"""Runs of a list against its first one, from their predictions, and how much of a difference is noise."""
from __future__ import annotations

import gzip
import json
import logging
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
from mmengine.logging import print_log

from emonext_mm.evaluation.comparison.alignment import align, cautions
from emonext_mm.evaluation.comparison.report import Side, check_seeds, difference, spread
from emonext_mm.evaluation.comparison.statistics import LEVEL, holm, power, variance_parts
from emonext_mm.evaluation.comparison.verdict import p_text
from emonext_mm.evaluation.predictions import PACKED, Predictions, read_predictions

POWER = 0.8  # of a test that finds a difference
FILES = re.compile(rf'/seed_(\d+)({re.escape(PACKED)}|/single\.json)$')


def read_runs(folder: str | Path) -> dict[str, dict[int, Predictions]]:
    """Predictions by run and seed, from ``<run>/seed_<n>.json.gz`` or ``<run>/seed_<n>/single.json``.

    Both are in the order of their names, numbers by their value. Folders of runs and seeds without predictions are
    logged.

    Raises:
        ValueError: a file is wrong, two are of one seed, or there are no predictions.
        OSError: the folder does not exist, or a file cannot be read.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f'{folder}: there is no such folder')
    runs: dict[str, dict[int, Predictions]] = {}
    for run in sorted(filter(Path.is_dir, Path(folder).glob('*')), key=_natural):
        for path in sorted(run.glob('seed_*'), key=_natural) or [run]:
            path = path / 'single.json' if path.is_dir() else path
            if (found := FILES.search(path.as_posix())) and path.is_file():
                _add(runs.setdefault(run.name, {}), int(found[1]), path)
            elif path.name == 'single.json':
                print_log(f'{path.parent} holds no predictions', 'current', logging.WARNING)
    if not runs:
        raise ValueError(f'{folder} holds no <run>/seed_<n>{PACKED} and no <run>/seed_<n>/single.json')
    return runs


def _natural(path: Path) -> list[str | int]:
    """Key of an order that has lambda_1e4 before lambda_1e10, and seed_2 before seed_10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r'(\d+)', path.name)]


def _add(seeds: dict[int, Predictions], seed: int, path: Path) -> None:
    if seed in seeds:
        raise ValueError(f'{seeds[seed].path} and {path} are both of seed {seed}: keep one of them')
    seeds[seed] = read_predictions(path)


def pack(predictions: Predictions) -> bytes:
    """Content of a small .json.gz file: probabilities have four digits, and of the checkpoint its name is left."""
    classes = predictions.classes
    rows = [dict(sample_id=sample, true=None if label < 0 else classes[label], predicted=classes[predicted],
                 probabilities=dict(zip(classes, probabilities)))
            for sample, label, predicted, probabilities in zip(
                predictions.ids, predictions.labels, predictions.predicted,
                predictions.probabilities.round(4).tolist())]
    conditions = dict(predictions.conditions)
    if 'checkpoint' in conditions:
        conditions['checkpoint'] = Path(conditions['checkpoint']).name
    content = json.dumps(dict(conditions=conditions, classes=classes, predictions=rows), ensure_ascii=False,
                         allow_nan=False)
    return gzip.compress(content.encode(), mtime=0)  # equal content gives equal bytes


def compare_runs(runs: Mapping[str, Mapping[int, Predictions]], first: str) -> dict:
    """Compare each run with one of them. The result can be written as JSON:

    - ``samples``: their number; ``views``: numbers of views of the tests, as far as they are known; ``cautions``: lines
    - ``rows``: list of {name, seeds, accuracy: {mean, sd, min, max}, compared, difference, ci95_low, ci95_high, p}. The
      last five are against the first row, None there: ``compared`` are the seeds that both have, and the rest is of
      these, see :func:`emonext_mm.evaluation.comparison.report.build_report`, p with Holm's correction. With one seed,
      the interval has the noise of the images alone
    - ``noise``: see :func:`measure_noise`, of the runs with several seeds; None unless the first run and another have
      several

    Accuracies in %, differences in percentage points.

    Raises:
        ValueError: fewer than two runs, an unknown name, different samples, no seed in common, or two seeds of a run
            with equal predictions.
    """
    if first not in runs:
        raise ValueError(f'there is no run {first}; known are {", ".join(runs)}')
    if len(runs) < 2:
        raise ValueError(f'{first} is the only run, expected another one to compare it with')
    names = [first, *(name for name in runs if name != first)]
    aligned = align([each for name in names for each in runs[name].values()])
    rest = iter(aligned)
    sides = {name: Side(name, [next(rest) for _ in runs[name]]) for name in names}
    for side in sides.values():
        check_seeds(side.runs)
    correct = {name: dict(zip(runs[name], side.correct)) for name, side in sides.items()}
    rows = [dict(name=name, seeds=list(found), accuracy=spread([100 * float(each.mean()) for each in found.values()]),
                 **_compare(correct, first, name)) for name, found in correct.items()]
    for row, p in zip(rows[1:], holm([row['p'] for row in rows[1:]])):
        row['p'] = p
    several = [side for side in sides.values() if len(side.runs) > 1]
    has_noise = len(several) > 1 and several[0].name == first
    views = dict.fromkeys(count for each in aligned if isinstance(count := each.conditions.get('views'), int))
    return dict(samples=len(aligned[0].ids), views=list(views), cautions=cautions(aligned), rows=rows,
                noise=measure_noise(several) if has_noise else None)


def _compare(correct: Mapping[str, Mapping[int, np.ndarray]], first: str, name: str) -> dict:
    """Compare two runs over the seeds that both have; the correctness of each is (N,) bool."""
    if name == first:
        return dict.fromkeys(('compared', 'difference', 'ci95_low', 'ci95_high', 'p'))
    seeds = [seed for seed in correct[first] if seed in correct[name]]
    if not seeds:
        raise ValueError(f'{first} and {name} have no seed in common')
    found = difference(*(np.stack([correct[each][seed] for seed in seeds]) for each in (first, name)))
    return dict(compared=seeds, **{key: found[key] for key in ('difference', 'ci95_low', 'ci95_high', 'p')})


def measure_noise(sides: Sequence[Side]) -> dict:
    """Standard deviations in points, and the seeds that a difference of one point needs:

    - ``seeds``: of the accuracy over the seeds of a run, pooled over the runs
    - ``images``: of one accuracy, from the choice of the images: sqrt(p (1 - p) / n)
    - ``paired``: of the difference of two runs on the same images, from the choice of the images, without the noise of
      the seeds; root mean square over the comparisons with the first run
    - ``one_point``: seeds of each of two runs, so that the test of
      :func:`~emonext_mm.evaluation.comparison.statistics.seeds_and_samples_difference`, at the level of 5 %, finds a
      true difference of one point with a probability of 80 %. None where no number of seeds suffices

    Args:
        sides: of two or more runs each; the first is that with which the others are compared.
    """
    accuracies = [side.correct.mean(1) for side in sides]
    seeds = math.sqrt(float(np.mean([each.var(ddof=1) for each in accuracies])))
    mean, samples = float(np.mean(np.concatenate(accuracies))), sides[0].correct.shape[1]
    paired = float(np.mean([variance_parts(sides[0].correct, side.correct)[1] for side in sides[1:]]))
    return dict(seeds=100 * seeds, images=100 * math.sqrt(mean * (1 - mean) / samples), paired=100 * math.sqrt(paired),
                one_point=_seeds_needed(0.01, seeds ** 2, paired))


def _seeds_needed(difference: float, of_seed: float, of_samples: float) -> int | None:
    """Least number of seeds on each side with which the test finds a true difference with a probability of ``POWER``.

    Args:
        difference: in 0..1.
        of_seed: variance of the accuracy over the seeds, of either side.
        of_samples: variance of the difference from the choice of the samples.
    """
    normal = NormalDist()
    allowed = (difference / (normal.inv_cdf((1 + LEVEL) / 2) + normal.inv_cdf(POWER))) ** 2 - of_samples
    if allowed <= 0:
        return None
    seeds = max(2, math.ceil(2 * of_seed / allowed))  # enough if the noise were known, so not more than needed
    while of_seed and power(difference, [of_seed / seeds] * 2, [seeds] * 2, of_samples) < POWER:
        seeds += 1
    return seeds


def format_report(report: Mapping) -> str:
    """Format the result of :func:`compare_runs` in Markdown."""
    first, most = report['rows'][0]['name'], max(len(row['seeds']) for row in report['rows'])
    views = ''.join(', single view' if count == 1 else f', {count} views' for count in report['views'])
    note = (f'{report["samples"]:,} images{views}; mean and standard deviation over the seeds. Differences are of the '
            'seeds that both runs have.')
    if any(len(row['compared']) == 1 for row in report['rows'][1:]):
        note += ' With one common seed, the interval covers the noise of the images only.'
    lines = [
        f'| run | seeds | accuracy in % | difference to `{first}` in points, 95 % interval | p (Holm) |',
        '|---|---|---|---|---|',
        *(f'| {" | ".join(_cells(row, most))} |' for row in report['rows']),
        '',
        note,
    ]
    lines += ['', *(f'Caution: {line}.' for line in report['cautions'])] if report['cautions'] else []
    return '\n'.join([*lines, *(['', _describe(report['noise'])] if report['noise'] else [])]) + '\n'


def _cells(row: Mapping, most: int) -> list[str]:
    """Cells of a row of a table in which a run has ``most`` seeds."""
    accuracy = f'{row["accuracy"]["mean"]:.2f}'
    if row['accuracy']['sd'] is not None:
        accuracy += f' ± {row["accuracy"]["sd"]:.2f}'
    seeds = ' '.join(map(str, row['seeds']))
    if row['p'] is None:
        return [f'`{row["name"]}`', seeds, accuracy, '', '']
    difference = f'{row["difference"]:+.2f} ({row["ci95_low"]:+.2f} to {row["ci95_high"]:+.2f})'
    if len(row['compared']) < most:
        difference += f', seed{"s" * (len(row["compared"]) > 1)} {" ".join(map(str, row["compared"]))}'
    return [f'`{row["name"]}`', seeds, accuracy, difference, p_text(row['p'])]


def _describe(noise: Mapping) -> str:
    needs = ('no number of seeds suffices' if noise['one_point'] is None else
             f'each of the two needs {noise["one_point"]} seeds')
    return (f'One run varies by {noise["seeds"]:.2f} points from seed to seed (standard deviation). The choice of the '
            f'images adds {noise["images"]:.2f} points to one accuracy, and {noise["paired"]:.2f} points to the '
            'difference of two runs that are tested on the same images. To find a true difference of one point with a '
            f'probability of 80 %, {needs}.')
