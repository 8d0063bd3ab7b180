"""What a person wants to see at the end of a test: a few numbers, and two pictures."""
from __future__ import annotations

from pathlib import Path

import mmengine
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from emonext_mm.evaluation.conditions import conditions_line, subject_line
from emonext_mm.utils.files import write_atomic
from emonext_mm.utils.plain import to_plain
from emonext_mm.visualization.backends import save_picture
from emonext_mm.visualization.confusion import draw_confusion_matrix
from emonext_mm.visualization.faces import has_stn
from emonext_mm.visualization.stn import draw_stn

NUMBERS = {  # a value, and the ends of its interval
    'accuracy': ('accuracy/top1', 'accuracy/ci95_low', 'accuracy/ci95_high'),
    'on clean images': ('clean/accuracy', 'clean/ci95_low', 'clean/ci95_high'),
    'macro-F1': ('single-label/f1-score',),
    'UAR': ('single-label/recall',),
    'ECE': ('calibration/ece',),
}
METRICS_SUFFIXES = ('.json', '.yaml', '.yml', '.pkl', '.pickle')


def summarize_test(runner: Runner, metrics: dict, conditions: dict) -> str:
    """Write ``confusion_matrix.png`` and, for a model with an STN, ``stn_faces.png`` to the work dir.

    Args:
        runner: after ``runner.test()``.
        metrics: what it returned.
        conditions: see ``ConditionsHook``.

    Returns:
        A few lines: conditions, accuracy with its interval on all and on the clean images, macro-F1, unweighted
        average recall, expected calibration error, as far as they were measured, and where checkpoint and pictures are.
    """
    dataset = runner.test_dataloader.dataset
    folder = Path(runner.work_dir)
    lines = [subject_line(conditions), f'{"conditions":<17}{conditions_line(conditions)}']
    lines += [f'{name:<17}{_number(metrics, *keys)}' for name, keys in NUMBERS.items() if keys[0] in metrics]
    lines.append(f'{"checkpoint":<17}{runner._load_from}')
    figures = {}
    if 'confusion_matrix/result' in metrics:
        figures['confusion matrix', 'confusion_matrix'] = draw_confusion_matrix(
            metrics['confusion_matrix/result'], dataset.metainfo['classes'])
    preprocessor = _unwrap(runner.model).data_preprocessor
    if has_stn(preprocessor) and conditions['views'] == 1:
        figures['STN, in and out', 'stn_faces'] = draw_stn(preprocessor, dataset)
    for (title, name), figure in figures.items():
        save_picture(figure, folder / f'{name}.png', runner.visualizer, conditions_line(conditions))
        lines.append(f'{title:<17}{folder / name}.png')
    return '\n' + '\n'.join(lines)


def write_metrics(path: str | Path, metrics: dict, conditions: dict) -> None:
    """Write a test's metrics, and its ``conditions`` among them, whole or not at all.

    Args:
        path: ends in one of ``METRICS_SUFFIXES``.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    content = to_plain({**metrics, 'conditions': conditions})
    write_atomic(path, mmengine.dump(content, file_format=Path(path).suffix.lstrip('.')))


def _number(metrics: dict, value: str, *interval: str) -> str:
    ends = ' to '.join(f'{metrics[key]:.2f}' for key in interval if key in metrics)
    return f'{metrics[value]:.2f} %' + (f' (95 % interval {ends})' if ends else '')


def _unwrap(model: nn.Module) -> nn.Module:
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model
