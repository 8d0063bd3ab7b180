"""Measure a trained model: accuracy, calibration and robustness."""
from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmpretrain.evaluation import ConfusionMatrix
from torch import Tensor

from emonext_mm import compat
from emonext_mm.apis.changed_faces import ChangedFaces
from emonext_mm.apis.test import TestResult, test
from emonext_mm.evaluation.calibration import cross_fitted_error, expected_error, fit_temperature
from emonext_mm.evaluation.measurement import format_measurement
from emonext_mm.evaluation.metrics import class_scores
from emonext_mm.evaluation.robustness import CONDITIONS, GOALS, UNCHANGED
from emonext_mm.utils.command_line import read_config
from emonext_mm.utils.files import write_atomic
from emonext_mm.utils.plain import to_plain
from emonext_mm.utils.work_dir import find_checkpoint

SPLIT = 'test_dataloader.dataset.split'


@dataclass(frozen=True)
class Measurement:
    """Result of :func:`measure`.

    ``figures`` are plain values, and the content of the JSON file; its keys are stable. Accuracies, scores and
    calibration errors in %, losses of accuracy in percentage points:

    - ``format`` 1; ``conditions``: see :meth:`~emonext_mm.evaluation.conditions.ConditionsHook.describe`, of the single
      view; ``parameters``: their number
    - ``single_view``, ``ten_crops``: {views, transform, merge, accuracy, ci95_low, ci95_high, macro_f1, uar, ece,
      leak_free}; ece: of the predicted probabilities, with the temperature stored in the weights, if any; leak_free:
      {accuracy, ci95_low, ci95_high, samples}, or None if unknown
    - ``classes``: class -> {samples, predicted (number of predictions), precision, recall, f1-score};
      ``confusion_matrix``: counts (K, K), one row for each true class. These and all later entries are of the
      single view
    - ``calibration``: {temperature (fitted on the split), ece_before, ece_after (cross-fitted on two halves)}, of the
      logits before any stored temperature
    - ``robustness``: group -> condition -> {accuracy, loss}, see :mod:`emonext_mm.evaluation.robustness`
    - ``goals``: name -> {condition, loss} of the condition with the largest loss
    """

    figures: dict
    text: str


def measure(
    config: str | Path | Config,
    checkpoint: str | Path,
    *,
    split: str = 'val',
    cfg_options: dict[str, Any] | None = None,
    out: str | Path | None = None,
) -> Measurement:
    """Measure accuracy, calibration and robustness of a model, as ``tools/measure.py`` does.

    Single view and ten crops are two calls of :func:`~emonext_mm.apis.test.test`, so that they equal its results. The
    other figures come from logits that are computed in float32, in this process, from changed faces by the test
    pipeline and the data preprocessor of the config. That is 42 predictions of each face.

    Args:
        config: file, or config. Its data set has ``images`` (N, H, W), grey: ``FER2013`` or ``SyntheticFER``.
        checkpoint: file, or the work dir of a training: its best checkpoint or, without one, its last.
        split: 'train', 'val' or 'test'. Temperature and model are chosen on 'val'.
        cfg_options: changes to the config by dotted key.
        out: .json file of the figures; None writes nothing.

    Raises:
        ValueError: ``out`` does not end in .json, the split is unknown, has no labels or is in ``cfg_options`` too, the
            data set does not hold its images, or the data and the model do not fit each other.
        OSError: a file cannot be read or written.
        CheckpointError: the checkpoint was refused.
    """
    compat.setup()
    if out is not None and Path(out).suffix != '.json':
        raise ValueError(f'{out}: figures are written to a .json file')
    if SPLIT in (cfg_options or {}):
        raise ValueError(f'{SPLIT}={cfg_options[SPLIT]}: choose the split by its own option, split (--split)')
    options = {**(cfg_options or {}), SPLIT: split}
    cfg = read_config(config)
    cfg.test_evaluator = dict(type='EmotionMetric')
    checkpoint = find_checkpoint(checkpoint)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # of logs
        model = ChangedFaces(cfg, checkpoint, options, folder)
        labels = model.labels
        single, crops = (test(cfg, checkpoint, folder, cfg_options=options, tta=tta, draw=False)
                         for tta in (False, True))
        logits = _predict_all(model)
    figures = to_plain({
        'format': 1,
        'conditions': single.conditions,
        'parameters': model.parameters,
        'single_view': _headline(single),
        'ten_crops': _headline(crops),
        **_by_class(logits[UNCHANGED], labels, model.classes),
        'calibration': _calibration(logits[UNCHANGED], labels),
        **_robustness({name: model.accuracy(each) for name, each in logits.items()}),
    })
    if out is not None:
        write_atomic(out, json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False))
    return Measurement(figures, format_measurement(figures))


def _predict_all(model: ChangedFaces) -> dict[str, Tensor]:
    """Logits (N, K) by the name of each condition; logs the accuracy as progress."""
    logits = {}
    for conditions in CONDITIONS.values():
        for name, change in conditions.items():
            logits[name] = model.predict(change)
            print_log(f'{name}: accuracy {model.accuracy(logits[name]):.2f} %', 'current', logging.INFO)
    return logits


def _headline(result: TestResult) -> dict:
    metrics = result.metrics
    leak_free = {key: metrics[f'leak_free/{key}'] for key in ('accuracy', 'ci95_low', 'ci95_high', 'samples')
                 if f'leak_free/{key}' in metrics}
    return {
        **{key: result.conditions[key] for key in ('views', 'transform', 'merge')},
        'accuracy': metrics['accuracy/top1'],
        'ci95_low': metrics['accuracy/ci95_low'],
        'ci95_high': metrics['accuracy/ci95_high'],
        'macro_f1': metrics['single-label/f1-score'],
        'uar': metrics['single-label/recall'],
        'ece': metrics['calibration/ece'],
        'leak_free': leak_free if 'accuracy' in leak_free else None,
    }


def _by_class(logits: Tensor, labels: Tensor, classes: tuple[str, ...]) -> dict:
    matrix = ConfusionMatrix.calculate(logits.argmax(1), labels, num_classes=len(classes))
    columns = {'samples': matrix.sum(1), 'predicted': matrix.sum(0), **class_scores(matrix)}
    rows = {name: {key: column[i] for key, column in columns.items()} for i, name in enumerate(classes)}
    return {'classes': rows, 'confusion_matrix': matrix}


def _calibration(logits: Tensor, labels: Tensor) -> dict:
    return {
        'temperature': fit_temperature(logits, labels),
        'ece_before': 100 * expected_error(logits, labels),
        'ece_after': 100 * cross_fitted_error(logits, labels),
    }


def _robustness(accuracies: dict[str, float]) -> dict:
    losses = {name: accuracies[UNCHANGED] - accuracy for name, accuracy in accuracies.items()}
    worst = {goal: max(names, key=losses.get) for goal, names in GOALS.items()}
    return {
        'robustness': {group: {name: {'accuracy': accuracies[name], 'loss': losses[name]} for name in conditions}
                       for group, conditions in CONDITIONS.items()},
        'goals': {goal: {'condition': name, 'loss': losses[name]} for goal, name in worst.items()},
    }
