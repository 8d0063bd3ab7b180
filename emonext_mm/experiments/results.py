"""Results of experiments: of each one, and over the seeds."""
from __future__ import annotations

import json
import re
from collections.abc import Sequence

import numpy as np

from emonext_mm.evaluation.comparison.report import measure, spread
from emonext_mm.evaluation.conditions import dataset_name
from emonext_mm.evaluation.predictions import read_predictions
from emonext_mm.experiments.cost import Cost, count_cost
from emonext_mm.experiments.lists import Experiment
from emonext_mm.experiments.runner import TESTS, TRAINED
from emonext_mm.utils.training_log import read_log

METRICS = dict(accuracy='accuracy/top1', macro_f1='single-label/f1-score', uar='single-label/recall')  # in %


def collect(experiments: Sequence[Experiment]) -> dict:
    """Collect the results of finished experiments, as plain data for JSON:

    - ``runs``: list of {name, seed, config, options, paper, measured, tested_on, samples, epoch, weights, device,
      hours, memory_gb, single, ten_crop}; the last two are {accuracy, macro_f1, uar}, in %
    - ``rows``: list, one for each name, of {name, paper, measured, tested_on, seeds, parameters, multiply_adds, hours,
      memory_gb, device, single, ten_crop}; each metric of the last two is {mean, sd, min, max} over the seeds, sd
      (n - 1) None for one seed; parameters and multiply_adds are those of
      :class:`~emonext_mm.experiments.cost.Cost`, None where they cannot be counted, which is printed

    ``epoch`` is the epoch of the tested checkpoint. ``hours`` is the mean time of a training step times the number of
    steps, without validation. ``memory_gb`` is the peak that PyTorch allocated on the GPU or, without a GPU, the peak
    of the training process, None where the system does not report it.

    Raises:
        ValueError, OSError: a file of the experiments is wrong or missing; the message names it.
    """
    results = [_result(experiment) for experiment in experiments]
    by_name = {experiment.name: experiment for experiment in experiments}
    return {'format': 1, 'runs': results,
            'rows': [_row([result for result in results if result['name'] == name], _cost(experiment))
                     for name, experiment in by_name.items()]}


def format_table(results: dict) -> str:
    """Format the rows of :func:`collect` as a table in Markdown."""
    lines = [
        'Accuracy, macro-F1 and UAR in %, mean and standard deviation (n - 1) over the seeds; single view, then '
        'several (--tta); the published accuracy. Parameters and multiply-adds for a view (MMAC) in millions; '
        'hours of training, without validation.',
        '',
        '| run | seeds | tested on | accuracy | macro-F1 | UAR | accuracy, several views '
        '| macro-F1, several views | UAR, several views | published | measured how | parameters | MMAC | hours '
        '| memory in GB | device |',
        '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    ]
    for row in results['rows']:
        cells = [row['name'], ' '.join(map(str, row['seeds'])), row['tested_on'],
                 *(_mean(row[test][metric]) for test in TESTS for metric in METRICS),
                 _number(row['paper'], 2), row['measured'] or '-', _number(row['parameters'], 2, 1e6),
                 _number(row['multiply_adds'], 0, 1e6), _number(row['hours'], 2), _number(row['memory_gb'], 1),
                 row['device']]
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def _result(experiment: Experiment) -> dict:
    folder = experiment.folder
    tests = {test: read_predictions(folder / f'{test}.json') for test in TESTS}
    conditions = tests['single'].conditions
    metrics = {test: measure(predictions) for test, predictions in tests.items()}
    training = read_log(folder).training
    memory = [entry['memory'] * 2**20 / 1e9 for entry in training if 'memory' in entry]  # MiB
    gpu = re.search(r'^ *GPU [\d,]+: (.+)$', (folder / 'train.log').read_text(errors='replace'), re.MULTILINE)
    return dict(
        name=experiment.name, seed=experiment.seed, config=experiment.config.name, options=list(experiment.options),
        paper=experiment.paper, measured=experiment.measured,
        tested_on=f'{dataset_name(conditions["dataset"])} {conditions["split"]}',
        samples=len(tests['single'].ids), epoch=conditions['epoch'], weights=conditions['weights'],
        device=gpu[1] if gpu else 'CPU',
        hours=float(np.mean([entry['time'] for entry in training])) * training[-1]['step'] / 3600,
        memory_gb=max(memory) if memory else json.loads((folder / TRAINED).read_text())['process_gb'],
        **{test: {name: measured[key] for name, key in METRICS.items()} for test, measured in metrics.items()},
    )


def _cost(experiment: Experiment) -> dict:
    """Cost of the model; a model or data that cannot be had any more do not take the results with them."""
    try:
        return count_cost(experiment.cfg)._asdict()
    except Exception as error:  # of any code of the user
        print(f'{experiment.name}: the cost of its model was not counted: {type(error).__name__}: {error}', flush=True)
        return dict.fromkeys(Cost._fields)


def _row(results: list[dict], cost: dict) -> dict:
    first = results[0]
    return dict(
        name=first['name'], paper=first['paper'], measured=first['measured'], tested_on=first['tested_on'],
        seeds=[result['seed'] for result in results],
        **cost,
        hours=float(np.mean([result['hours'] for result in results])),
        memory_gb=max((result['memory_gb'] for result in results if result['memory_gb'] is not None), default=None),
        device=', '.join(dict.fromkeys(result['device'] for result in results)),
        **{test: {name: spread([result[test][name] for result in results]) for name in METRICS} for test in TESTS},
    )


def _mean(values: dict) -> str:
    return f'{values["mean"]:.2f}' + ('' if values['sd'] is None else f' ± {values["sd"]:.2f}')


def _number(value: float | None, digits: int, unit: float = 1) -> str:
    return '-' if value is None else f'{value / unit:.{digits}f}'
