"""Predictions as they would be read from files."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from emonext_mm.evaluation.predictions import Predictions

CLASSES = ('happy', 'sad', 'neutral')


def make_run(labels, predicted, name='a.json', classes=CLASSES, confidence=0.6, ids=None, **conditions) -> Predictions:
    """A run that is as sure of each prediction as ``confidence`` (a number, or one for each sample) says."""
    labels, predicted = np.array(labels), np.array(predicted)
    confidence = np.broadcast_to(np.asarray(confidence, float), labels.shape)[:, None]
    rest = (1 - confidence) / (len(classes) - 1)
    scores = np.where(np.arange(len(classes)) == predicted[:, None], confidence, rest)
    ids = tuple(ids or (f'val_{i}' for i in range(len(labels))))
    return Predictions(Path(name), conditions, tuple(classes), ids, labels, predicted, scores)


def draw_run(rng: np.random.Generator, labels, accuracy, name='a.json', **kwargs) -> Predictions:
    """A run that is right with the given chance on each sample, and sure as chance will have it."""
    labels = np.array(labels)
    wrong = (labels + rng.integers(1, len(CLASSES), len(labels))) % len(CLASSES)
    predicted = np.where(rng.random(len(labels)) < accuracy, labels, wrong)
    return make_run(labels, predicted, name, confidence=rng.uniform(0.5, 1, len(labels)), **kwargs)
