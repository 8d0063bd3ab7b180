"""What experiments gave: of each run, and over the seeds."""
from __future__ import annotations

import json
import re
from collections.abc import Sequence

import numpy as np

from emonext_mm.evaluation.comparison.report import measure, spread
from emonext_mm.evaluation.predictions import read_predictions
from emonext_mm.experiments.lists import Run
from emonext_mm.experiments.runner import TESTS, TRAINED
from emonext_mm.utils.training_log import read_log

METRICS = dict(accuracy='accuracy/top1', macro_f1='single-label/f1-score', uar='single-label/recall')  # in %


def collect(runs: Sequence[Run]) -> dict:
    """The results of finished runs, as JSON takes them:

    - ``runs``: list of {name, seed, config, options, paper, tested_on, samples, epoch, weights, device, hours,
      memory_gb, single, ten_crop}; the last two {accuracy, macro_f1, uar}, in %
    - ``rows``: list, a name each, of {name, paper, tested_on, seeds, hours, memory_gb, device, single, ten_crop}; of
      each metric of the last two {mean, sd, min, max} over the seeds, sd (n - 1) None for one

    ``epoch`` is that of the checkpoint tested; ``hours`` is the mean time of a training step times the steps, without
    the validations; ``memory_gb`` is the peak that PyTorch allocated on the GPU or, without one, that of the process.

    Raises:
        ValueError, OSError: a file of theirs is wrong or gone; the message names it.
    """
    results = [_result(run) for run in runs]
    names = dict.fromkeys(result['name'] for result in results)
    return {'format': 1, 'runs': results,
            'rows': [_row([result for result in results if result['name'] == name]) for name in names]}


def to_table(results: dict) -> str:
    """A markdown table of :func:`collect`'s rows."""
    lines = [
        'Accuracy, macro-F1 and UAR in %, mean and standard deviation (n - 1) over the seeds; single view, then ten '
        "crops; the paper's accuracy. Hours are of training, without validation.",
        '',
        '| run | seeds | tested on | accuracy | macro-F1 | UAR | ten-crop accuracy | macro-F1 | UAR | paper | hours '
        '| GB | device |',
        '|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    ]
    for row in results['rows']:
        cells = [row['name'], ' '.join(map(str, row['seeds'])), row['tested_on'],
                 *(_mean(row[test][metric]) for test in TESTS for metric in METRICS),
                 '-' if row['paper'] is None else f'{row["paper"]:.2f}',
                 f'{row["hours"]:.2f}', f'{row["memory_gb"]:.1f}', row['device']]
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def _result(run: Run) -> dict:
    tests = {test: read_predictions(run.folder / f'{test}.json') for test in TESTS}
    conditions = tests['single'].conditions
    metrics = {test: measure(predictions) for test, predictions in tests.items()}
    training = read_log(run.folder).training
    memory = [entry['memory'] * 2**20 / 1e9 for entry in training if 'memory' in entry]  # MiB
    gpu = re.search(r'^ *GPU [\d,]+: (.+)$', (run.folder / 'train.log').read_text(errors='replace'), re.MULTILINE)
    return dict(
        name=run.name, seed=run.seed, config=run.config.name, options=list(run.options), paper=run.paper,
        tested_on=f'{conditions["dataset"]["type"]} {conditions["split"]}', samples=len(tests['single'].ids),
        epoch=conditions['epoch'], weights=conditions['weights'],
        device=gpu[1] if gpu else 'CPU',
        hours=float(np.mean([entry['time'] for entry in training])) * training[-1]['step'] / 3600,
        memory_gb=max(memory) if memory else json.loads((run.folder / TRAINED).read_text())['process_gb'],
        **{test: {name: measured[key] for name, key in METRICS.items()} for test, measured in metrics.items()},
    )


def _row(runs: list[dict]) -> dict:
    first = runs[0]
    return dict(
        name=first['name'], paper=first['paper'], tested_on=first['tested_on'], seeds=[run['seed'] for run in runs],
        hours=float(np.mean([run['hours'] for run in runs])), memory_gb=max(run['memory_gb'] for run in runs),
        device=', '.join(dict.fromkeys(run['device'] for run in runs)),
        **{test: {name: spread([run[test][name] for run in runs]) for name in METRICS} for test in TESTS},
    )


def _mean(values: dict) -> str:
    return f'{values["mean"]:.2f}' + ('' if values['sd'] is None else f' ± {values["sd"]:.2f}')
