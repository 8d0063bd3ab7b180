import math

import numpy as np
import pytest

from emonext_mm.utils.training_log import TrainingLog
from emonext_mm.visualization.curves import draw_curves

TRAINING = [dict(loss=2.0 - step / 10, loss_sa=step / 1e9, sa_variance=step / 1e9, base_lr=step / 1e3, lr=0.0,
                 epoch=1 + (step - 1) // 4, step=step) for step in range(2, 13, 2)]
VALIDATION = [{'accuracy/top1': score, 'accuracy/ci95_low': score - 2, 'accuracy/ci95_high': score + 1,
               'single-label/f1-score': score - 5, 'step': epoch} for epoch, score in enumerate((40.0, 60, 60), 1)]


def panels(log):
    figure = draw_curves(log, 'my run')
    assert figure.get_suptitle() == 'Learning curves of my run'
    figure.draw_without_rendering()  # runs constrained layout
    shown = {axes.get_ylabel(): axes for axes in figure.axes if axes.axison}
    assert len({axes.get_xlabel() for axes in shown.values()}) == 1
    return shown


def test_training_against_the_epoch():
    shown = panels(TrainingLog(TRAINING, VALIDATION))
    assert list(shown) == ['training loss', 'validation, %', 'self-attention variance', 'learning rate']
    epochs = [0.5, 1, 1.5, 2, 2.5, 3]
    for label, keys in {'training loss': ['loss'], 'self-attention variance': ['loss_sa', 'sa_variance'],
                        'learning rate': ['base_lr']}.items():
        assert [line.get_label() for line in shown[label].lines] == keys
        for line, key in zip(shown[label].lines, keys):
            np.testing.assert_allclose(line.get_xydata(), [(x, e[key]) for x, e in zip(epochs, TRAINING)])
    assert shown['training loss'].get_xlabel() == 'epoch'


def test_validation_with_interval_and_best_epoch():
    axes = panels(TrainingLog(TRAINING, VALIDATION))['validation, %']
    accuracy, f1, best = axes.lines
    np.testing.assert_allclose(accuracy.get_xydata(), [(1, 40), (2, 60), (3, 60)])
    np.testing.assert_allclose(f1.get_xydata(), [(1, 35), (2, 55), (3, 55)])
    np.testing.assert_allclose(best.get_xydata(), [(2, 60)])  # the first of the two
    band = axes.collections[0].get_paths()[0].vertices
    for corner in [(1, 38), (2, 58), (3, 58), (1, 41), (2, 61), (3, 61)]:
        assert np.isclose(band, corner).all(1).any()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        'accuracy', 'macro-F1', '95 % interval of the accuracy', 'best accuracy: 60.00 %, epoch 2']


def test_legends_hide_no_curve():
    figure = draw_curves(TrainingLog(TRAINING, VALIDATION), 'my run')
    figure.draw_without_rendering()
    legends = [(axes, axes.get_legend()) for axes in figure.axes if axes.get_legend()]
    assert len(legends) == 2
    for axes, legend in legends:
        assert legend.get_window_extent().y0 >= axes.get_window_extent().y1
        assert legend.get_window_extent().y1 <= figure.bbox.y1


def test_only_what_was_logged():
    plain = [dict(loss=1.0, loss_aux=0.1, epoch=1, step=5)]
    shown = panels(TrainingLog(plain, []))
    assert list(shown) == ['training loss']
    assert [line.get_label() for line in shown['training loss'].lines] == ['loss', 'loss_aux']
    scores = [{'accuracy/top1': 50.0, 'step': 1}]  # the host's metric, without an interval
    axes = panels(TrainingLog(plain, scores))['validation, %']
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        'accuracy', 'best accuracy: 50.00 %, epoch 1']
    axes = panels(TrainingLog(plain, [{'single-label/f1-score': 50.0, 'step': 1}]))['validation, %']
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ['macro-F1']


def test_run_that_diverged():
    entries = [dict(loss=loss, epoch=1, step=step) for step, loss in enumerate((1.0, math.nan, 2.0), 1)]
    scores = [{'accuracy/top1': score, 'step': epoch} for epoch, score in enumerate((math.nan, 14.0), 1)]
    shown = panels(TrainingLog(entries, scores))
    assert np.isnan(shown['training loss'].lines[0].get_ydata()).tolist() == [False, True, False]
    assert shown['validation, %'].lines[-1].get_xydata().tolist() == [[2, 14]]


def test_iterations():
    entries = [dict(loss=1.0, step=step) for step in (50, 100)]
    shown = panels(TrainingLog(entries, [{'accuracy/top1': 50.0, 'step': 80}]))
    assert shown['training loss'].get_xlabel() == 'iteration'
    assert shown['training loss'].lines[0].get_xdata().tolist() == [50, 100]
    assert shown['validation, %'].get_legend().get_texts()[-1].get_text() == 'best accuracy: 50.00 %, iteration 80'


@pytest.mark.parametrize('count', [1, 2, 3, 4])
def test_one_axis_of_epochs(count):
    """All panels have the same range of epochs."""
    keys = ('loss', 'loss_sa', 'base_lr')[:count]
    entries = [{'epoch': 1, 'step': step, **dict.fromkeys(keys, 1.0)} for step in (2, 4)]
    shown = panels(TrainingLog(entries, VALIDATION if count == 4 else []))
    assert len({axes.get_xlim() for axes in shown.values()}) == 1
    assert len(shown) == count
