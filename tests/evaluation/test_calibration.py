"""Temperature scaling against a known temperature, the condition of a minimum, and a calculation by hand."""
import math
import re

import numpy as np
import pytest
import torch

from emonext_mm.evaluation.calibration import HIGHEST, LOWEST, cross_fitted_error, expected_error, fit_temperature
from emonext_mm.evaluation.metrics import calibration_error


def draw(count, temperature, seed=0):
    """Logits (N, 7), too large by the factor ``temperature``, and labels that follow the true probabilities."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.full(7, 0.5), count).clip(1e-9)
    true /= true.sum(1, keepdims=True)
    labels = (true.cumsum(1) < rng.random((count, 1))).sum(1).clip(max=6)
    return temperature * np.log(true), labels


@pytest.mark.parametrize('temperature', [0.5, 1, 2.5])
def test_known_temperature(temperature):
    assert fit_temperature(*draw(20_000, temperature)) == pytest.approx(temperature, rel=0.03)


def test_gradient_is_zero():
    logits, labels = map(torch.from_numpy, draw(500, 3))
    temperature = torch.tensor(fit_temperature(logits, labels), dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy(logits / temperature, labels).backward()
    assert abs(float(temperature.grad)) < 1e-7


def test_two_classes_by_hand():
    """Logits 0 and 1, right in three of four samples: p = 3/4 where 1/T = log 3."""
    logits, labels = torch.tensor([[0.0, 1.0]] * 4), torch.tensor([1, 1, 0, 1])
    temperature = fit_temperature(logits, labels)
    assert temperature == pytest.approx(1 / math.log(3), abs=1e-6)
    assert expected_error(logits, labels) == pytest.approx(0.75 - 1 / (1 + math.exp(-1)))
    assert expected_error(logits, labels, temperature) == pytest.approx(0, abs=1e-6)


def test_log_probabilities_are_logits():
    logits, labels = map(torch.from_numpy, draw(300, 2))
    assert fit_temperature(logits.log_softmax(1), labels) == pytest.approx(fit_temperature(logits, labels))
    assert cross_fitted_error(logits.log_softmax(1), labels) == pytest.approx(cross_fitted_error(logits, labels))


def test_prediction_does_not_change():
    logits, labels = map(torch.from_numpy, draw(300, 2))
    scaled = logits / fit_temperature(logits, labels)
    assert torch.equal(scaled.argmax(1), logits.argmax(1))


@pytest.mark.parametrize(('label', 'low', 'high'), [(1, LOWEST, 0.05), (0, 0.99 * HIGHEST, HIGHEST)])
def test_no_minimum(label, low, high):
    """All right, or all wrong."""
    logits = torch.tensor([[0.0, 1.0], [0.0, 2.0]])
    assert low <= fit_temperature(logits, torch.tensor([label] * 2)) <= high


def test_error_falls_but_not_to_that_of_the_fit():
    logits, labels = draw(2000, 3)
    before, after = expected_error(logits, labels), cross_fitted_error(logits, labels)
    assert after < 0.03 < 0.15 < before
    assert after == pytest.approx(expected_error(logits, labels, fit_temperature(logits, labels)), abs=0.01)


@pytest.mark.parametrize('folds', [2, 3])
def test_cross_fitting_by_hand(folds):
    logits, labels = draw(101, 3)
    order = np.random.default_rng(4).permutation(101)
    confidences, correct = [], []
    for part in np.array_split(order, folds):
        others = np.setdiff1d(order, part)
        odds = np.exp(logits[part] / fit_temperature(logits[others], labels[others]))
        confidences += (odds.max(1) / odds.sum(1)).tolist()
        correct += (odds.argmax(1) == labels[part]).tolist()
    expected = calibration_error(torch.tensor(confidences), torch.tensor(correct), 10)
    assert cross_fitted_error(logits, labels, folds, num_bins=10, seed=4) == pytest.approx(expected, abs=1e-6)


def test_cross_fitting_changes_no_argument():
    logits, labels = map(torch.from_numpy, draw(50, 3))
    before = logits.clone()
    cross_fitted_error(logits, labels)
    assert torch.equal(logits, before)


@pytest.mark.parametrize(('logits', 'labels', 'facts'), [
    (np.zeros((3, 2)), [0, 1], ['(3, 2)', '(2,)']),
    (np.zeros(3), [0, 1, 1], ['(3,)']),
    (np.zeros((0, 2)), [], ['(0, 2)']),
    ([[0.0, 1.0], [0.0, -np.inf]], [0, 1], ['class 1', 'row 1', '-inf']),
    ([[np.nan, 1.0]], [0], ['class 0', 'row 0', 'nan']),
    (np.zeros((2, 3)), [0, 3], ['label 3', 'row 1', '0 to 2']),
    (np.zeros((2, 3)), [-1, 0], ['label -1', 'row 0']),
])
@pytest.mark.parametrize('function', [fit_temperature, expected_error, cross_fitted_error])
def test_bad_input(function, logits, labels, facts):
    with pytest.raises(ValueError, match='.*'.join(map(re.escape, facts))):
        function(np.asarray(logits), np.asarray(labels, int))


@pytest.mark.parametrize('folds', [1, 5])
def test_bad_folds(folds):
    with pytest.raises(ValueError, match=f'4, got {folds}'):
        cross_fitted_error(np.zeros((4, 2)), np.zeros(4, int), folds)
