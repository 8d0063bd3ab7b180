"""The metrics of a test against scikit-learn, published intervals and calculations by hand."""
import json
import re
from statistics import NormalDist

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import Accuracy, SingleLabelMetric
from mmpretrain.structures import DataSample
from sklearn import metrics as sklearn

from emonext_mm.emotions import CLASSES
from emonext_mm.evaluation.metrics import EmotionMetric, calibration_error, class_scores, wilson_interval
from emonext_mm.utils.plain import to_plain

AVERAGES = ('precision', 'recall', 'f1-score')


def draw(count=300, classes=7, seed=0):
    """Labels (N,) and scores (N, K) that are right more often than not, some classes more than others."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(classes, count, p=rng.dirichlet(np.full(classes, 3.0)))
    scores = rng.normal(size=(count, classes)) + np.eye(classes)[labels] * rng.uniform(0, 3, classes)[labels, None]
    scores = np.exp(2 * scores)
    return labels, (scores / scores.sum(1, keepdims=True)).astype(np.float32)


def evaluate(labels, scores, classes=CLASSES, size=None, **kwargs):
    samples = [DataSample().set_gt_label(int(label)).set_pred_score(torch.tensor(score))
               for label, score in zip(labels, scores)]
    evaluator = Evaluator(EmotionMetric(**kwargs))
    evaluator.dataset_meta = dict(classes=classes)
    for start in range(0, len(samples), 64):
        evaluator.process(samples[start:start + 64])
    return evaluator.evaluate(size or len(samples))


def test_smoke():
    report = evaluate(*draw())
    assert json.loads(json.dumps(to_plain(report)))
    assert report['confusion_matrix/result'].shape == (7, 7)
    assert {f'{name}/{label}' for name in AVERAGES for label in CLASSES} <= set(report)


def test_keys_without_per_class():
    full, short = evaluate(*draw()), evaluate(*draw(), per_class=False)
    assert list(short) == ['accuracy/top1', 'accuracy/ci95_low', 'accuracy/ci95_high', 'single-label/precision',
                           'single-label/recall', 'single-label/f1-score', 'calibration/ece']
    assert all(isinstance(value, float) and full[key] == value for key, value in short.items())


@pytest.mark.parametrize('num_bins', [0, -3, 1.5, None])
def test_not_a_number_of_bins(num_bins):
    with pytest.raises(ValueError, match=re.escape(f'num_bins must be a positive whole number, got {num_bins}')):
        EmotionMetric(num_bins=num_bins)


def test_sample_without_label():
    evaluator = Evaluator(EmotionMetric())
    evaluator.dataset_meta = dict(classes=CLASSES)
    with pytest.raises(ValueError, match=r'gt_label.* --out FILE\.json --cfg-options test_evaluator='):
        evaluator.process([DataSample().set_pred_score(torch.full((7, ), 1 / 7))])


@pytest.mark.parametrize('label', [-1, 3])
def test_label_of_no_class(label):
    metric = EmotionMetric()
    metric.dataset_meta = dict(classes=('a', 'b', 'c'))
    sample = dict(gt_label=torch.tensor([label]), pred_score=torch.full((3, ), 1 / 3), img_path='x/face.png')
    with pytest.raises(ValueError, match=rf'x/face\.png is {label}, expected 0 to 2'):
        metric.process(None, [sample])


def test_model_of_other_classes():
    with pytest.raises(ValueError, match=r'8 classes.* 7: angry, disgust, '):
        evaluate(*draw(classes=8))


def test_no_samples():
    metric = EmotionMetric()
    metric.dataset_meta = dict(classes=CLASSES)
    with pytest.raises(ValueError, match='no sample'):
        metric.evaluate(0)


@pytest.mark.parametrize(('hits', 'total'), [(0, 0), (-1, 5), (6, 5)])
def test_not_a_proportion(hits, total):
    with pytest.raises(ValueError, match=f'{hits} hits of {total} samples'):
        wilson_interval(hits, total)


@pytest.mark.parametrize('seed', range(3))
def test_against_scikit_learn(seed):
    labels, scores = draw(seed=seed)
    predicted = scores.argmax(1)
    report = evaluate(labels, scores)
    expected = {
        'accuracy/top1': sklearn.accuracy_score(labels, predicted),
        'single-label/precision': sklearn.precision_score(labels, predicted, average='macro'),
        'single-label/recall': sklearn.balanced_accuracy_score(labels, predicted),
        'single-label/f1-score': sklearn.f1_score(labels, predicted, average='macro'),
    }
    by_class = sklearn.classification_report(labels, predicted, target_names=CLASSES, output_dict=True)
    expected.update({f'{name}/{label}': by_class[label][name] for name in AVERAGES for label in CLASSES})
    assert {key: report[key] for key in expected} == pytest.approx({key: 100 * v for key, v in expected.items()})
    assert report['confusion_matrix/result'].tolist() == sklearn.confusion_matrix(labels, predicted).tolist()


def test_keys_of_mmpretrain_hold_its_numbers():
    labels, scores = draw()
    samples = [DataSample().set_gt_label(int(label)).set_pred_score(torch.tensor(score))
               for label, score in zip(labels, scores)]
    evaluator = Evaluator([Accuracy(), SingleLabelMetric()])
    evaluator.process(samples)
    expected = evaluator.evaluate(len(samples))
    report = evaluate(labels, scores)
    assert {key: report[key] for key in expected} == pytest.approx(expected, rel=1e-5)


def test_classes_without_samples_are_left_out_of_the_averages():
    labels, scores = draw()
    keep = ~np.isin(labels, (1, 5))
    labels, scores = labels[keep], scores[keep]
    predicted = scores.argmax(1)
    assert np.isin(predicted, (1, 5)).any()
    report, present = evaluate(labels, scores), np.unique(labels)
    assert report['single-label/f1-score'] == pytest.approx(
        100 * sklearn.f1_score(labels, predicted, average='macro', labels=present))
    with pytest.warns(UserWarning, match='y_pred contains classes not in y_true'):
        assert report['single-label/recall'] == pytest.approx(
            100 * sklearn.balanced_accuracy_score(labels, predicted))
    assert report['recall/disgust'] == 0


def test_rows_are_the_true_class():
    matrix = torch.tensor([[3, 1], [2, 0]])  # 3 of 4 of class 0 found, 3 of 5 predictions of it right
    scores = class_scores(matrix)
    assert scores['recall'].tolist() == [75, 0]
    assert scores['precision'].tolist() == [60, 0]
    assert scores['f1-score'].tolist() == pytest.approx([200 / 3, 0])


@pytest.mark.parametrize(('hits', 'total', 'expected'), [
    (81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0, 0.1611)), (1, 29, (0.0061, 0.1718)),
])
def test_published_intervals(hits, total, expected):
    """Newcombe, "Two-Sided Confidence Intervals for the Single Proportion", Statistics in Medicine 1998, method 3."""
    assert wilson_interval(hits, total) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(('hits', 'total'), [(0, 1), (1, 1), (0, 40), (40, 40), (8, 40), (2562, 3589), (1, 3589)])
@pytest.mark.parametrize('level', [0.9, 0.95])
def test_ends_of_the_interval_are_at_the_limit_of_the_score_test(hits, total, level):
    z = NormalDist().inv_cdf((1 + level) / 2)
    low, high = wilson_interval(hits, total, level)
    assert 0 <= low < high <= 1
    for end in (low, high):
        assert abs(hits / total - end) == pytest.approx(z * (end * (1 - end) / total) ** 0.5, abs=1e-12)


def test_interval_is_of_the_accuracy():
    labels, scores = draw()
    hits = int((scores.argmax(1) == labels).sum())
    low, high = wilson_interval(hits, len(labels))
    report = evaluate(labels, scores)
    assert (report['accuracy/ci95_low'], report['accuracy/ci95_high']) == pytest.approx((100 * low, 100 * high))


def test_calibration_error_by_hand():
    # Two bins. (0, 0.5]: confidences 0.3 and 0.5, one right: gap |0.4 - 0.5|. (0.5, 1]: 0.6, 0.8, 1.0, one
    # right: gap |0.8 - 1/3|. 2/5 * 0.1 + 3/5 * 7/15 = 0.32.
    confidences = torch.tensor([0.3, 0.5, 0.6, 0.8, 1.0])
    correct = torch.tensor([True, False, False, True, False])
    assert calibration_error(confidences, correct, 2) == pytest.approx(0.32, abs=1e-7)


def test_calibration_error_against_a_loop():
    labels, scores = draw(1000)
    confidences, correct = scores.max(1).astype(np.float64), scores.argmax(1) == labels
    expected = 0
    for b in range(15):
        inside = (confidences > b / 15) & (confidences <= (b + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(correct[inside].mean() - confidences[inside].mean())
    assert evaluate(labels, scores)['calibration/ece'] == pytest.approx(100 * expected)


@pytest.mark.parametrize(('kwargs', 'expected'), [({}, 65), (dict(num_bins=1), 25)])
def test_bins_of_the_metric(kwargs, expected):
    """0.6 and right, 0.9 and wrong: gaps of 0.4 and 0.9 in two bins, of 0.75 - 0.5 in one."""
    report = evaluate([0, 0], [[0.6, 0.4], [0.1, 0.9]], classes=('a', 'b'), **kwargs)
    assert report['calibration/ece'] == pytest.approx(expected)


def test_extremes_of_the_calibration_error():
    """0 for a model as accurate as it is confident, 1 for one that is certain and always wrong."""
    confidences = torch.full((10, ), 0.7)
    assert calibration_error(confidences, torch.arange(10) < 7) == pytest.approx(0, abs=1e-7)
    assert calibration_error(torch.ones(4), torch.zeros(4, dtype=bool)) == 1


def test_padding_of_the_last_batch_is_dropped():
    labels, scores = draw(10)
    padded = [*labels, labels[0]], [*scores, scores[0]]
    assert to_plain(evaluate(*padded, size=10)) == to_plain(evaluate(labels, scores))
    assert to_plain(evaluate(*padded)) != to_plain(evaluate(labels, scores))


def test_a_metric_can_be_used_again():
    metric = EmotionMetric()
    metric.dataset_meta = dict(classes=('a', 'b'))
    for hit in (0, 1):
        metric.process(None, [dict(gt_label=torch.tensor([1]), pred_score=torch.tensor([1.0 - hit, 0.0 + hit]))])
        assert metric.evaluate(1)['accuracy/top1'] == 100 * hit
