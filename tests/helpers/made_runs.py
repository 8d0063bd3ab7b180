"""Predictions made for tests, as if read from files."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from emonext_mm.evaluation import PredictionFile
from emonext_mm.evaluation.predictions import Predictions

CLASSES = ('happy', 'sad', 'neutral')
CONDITIONS = dict(config='it', cfg_options={}, checkpoint='it.pth', epoch=1, iteration=10, weights='EMA',
                  leak_free=None, views=1, transform=None, merge=None)


def make_run(labels, predicted, name='a.json', classes=CLASSES, confidence=0.6, ids=None, **conditions) -> Predictions:
    """A run with the given predictions and ``confidence`` (one number, or one for each sample)."""
    labels, predicted = np.array(labels), np.array(predicted)
    confidence = np.broadcast_to(np.asarray(confidence, float), labels.shape)[:, None]
    rest = (1 - confidence) / (len(classes) - 1)
    scores = np.where(np.arange(len(classes)) == predicted[:, None], confidence, rest)
    ids = tuple(ids or (f'val_{i}' for i in range(len(labels))))
    return Predictions(Path(name), conditions, tuple(classes), ids, labels, predicted, scores)


def draw_run(rng: np.random.Generator, labels, accuracy, name='a.json', **kwargs) -> Predictions:
    """A run that is right with probability ``accuracy`` on each sample, with random confidence."""
    labels = np.array(labels)
    wrong = (labels + rng.integers(1, len(CLASSES), len(labels))) % len(CLASSES)
    predicted = np.where(rng.random(len(labels)) < accuracy, labels, wrong)
    return make_run(labels, predicted, name, confidence=rng.uniform(0.5, 1, len(labels)), **kwargs)


def write_run(path, dataset, cfg, accuracy, seed, **conditions) -> Path:
    """A file of predictions by a model of the given accuracy, as ``tools/test.py`` writes it."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 1, (len(dataset), 7))
    right = rng.random(len(dataset)) < accuracy
    scores[np.arange(len(dataset)), dataset.labels] += np.where(right, 2, -2)
    scores = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    file = PredictionFile(path)
    file.process(None, [dict(sample_idx=i, gt_label=label, pred_score=score)
                        for i, (label, score) in enumerate(zip(dataset.labels, scores))])
    file.evaluate(len(dataset))
    file.write(dataset, {**CONDITIONS, 'dataset': cfg, 'split': dataset.split, 'samples': len(dataset), **conditions})
    return path
