from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator

from emonext_mm.datasets import FER2013, SyntheticFER
from emonext_mm.evaluation import EmotionMetric, LeakFreeAccuracy, LeakFreeHook, measure_leak_free
from tests.helpers.fer2013_files import make_faces, write_fer2013

LEAK_FREE = np.array([True, False, True, True, False])


def evaluate(leak_free, hits, size=None, indices=None):
    metric = LeakFreeAccuracy(leak_free)
    indices = range(len(hits)) if indices is None else indices
    metric.process(None, [dict(sample_idx=index, gt_label=torch.tensor([int(hit)]), pred_score=torch.tensor([0.2, 0.8]))
                          for index, hit in zip(indices, hits)])
    return metric.evaluate(size or len(hits))


def test_only_leak_free_samples_count():
    """2 of 3; the ends of the interval solve (2 / 3 - p)^2 = 1.96^2 p (1 - p) / 3."""
    metrics = evaluate(LEAK_FREE, [True, True, False, True, True])
    assert metrics == pytest.approx({'leak_free/accuracy': 200 / 3, 'leak_free/ci95_low': 20.766,
                                     'leak_free/ci95_high': 93.851, 'leak_free/samples': 3}, abs=1e-3)


def test_samples_in_another_order():
    """As several processes give them: the wrong predictions are those of samples 1 and 4, which are not leak-free."""
    assert evaluate(LEAK_FREE, [False, True, False, True, True], indices=[4, 0, 1, 2, 3])['leak_free/accuracy'] == 100


def test_no_leak_free_sample():
    assert evaluate(np.zeros(2, bool), [True, True]) == {'leak_free/samples': 0}


def test_padding_is_dropped():
    assert evaluate(LEAK_FREE[:2], [True, True, False], indices=[0, 1, 0], size=2)['leak_free/accuracy'] == 100


@pytest.mark.parametrize('indices', [(None, None), (0, 0), (0, 2)])
def test_samples_without_their_index(indices):
    with pytest.raises(ValueError, match='sample_idx'):
        evaluate(LEAK_FREE[:2], [True, True], indices=indices)


# -------------------------------------------------------------------------------------- which tests measure it


@pytest.fixture
def root(tmp_path):
    """FER2013 with duplicates of two validation images in training, one of them brighter by one grey level."""
    faces = make_faces()
    train, val = faces.of('Training'), faces.of('PublicTest')
    faces.images[train[0]] = faces.images[val[1]]
    faces.images[train[1]] = np.clip(faces.images[val[3]].astype(int) + 1, 0, 255)
    write_fer2013(tmp_path, faces)
    return tmp_path


def measured(dataset, *metrics):
    evaluator = Evaluator(list(metrics))
    measure_leak_free(evaluator, dataset)
    return evaluator.metrics


def test_fer2013_with_its_training_images(root):
    first, added = measured(FER2013(str(root), split='val'), EmotionMetric())
    assert isinstance(first, EmotionMetric)
    assert np.flatnonzero(~added.leak_free).tolist() == [1, 3]


@pytest.mark.parametrize(('trained', 'known'), [
    ('hold_out=0.2', True), ('hold_out=0.2, hold_out_seed=0', True), ('hold_out=0.2, hold_out_seed=1', False),
    ('hold_out=0.1', False), ('', False), (None, True),
])
def test_other_images_held_out(trained, known, tmp_path, monkeypatch):
    """Of a training whose checkpoint tells it, here one of repeated images."""
    faces = make_faces(70)
    write_fer2013(tmp_path, type(faces)(faces.images, faces.labels, ['Training'] * 70))
    dataset = FER2013(str(tmp_path), 'val', hold_out=0.2)
    runner = SimpleNamespace(test_evaluator=Evaluator(EmotionMetric()),
                             test_dataloader=SimpleNamespace(dataset=dataset))
    part = f"dict(type='RepeatDataset', times=2, dataset=dict(type='FER2013', {trained}))"
    logged, hook = [], LeakFreeHook()
    monkeypatch.setattr('emonext_mm.evaluation.leak_free.print_log', lambda text, **kwargs: logged.append(text))
    hook.after_load_checkpoint(runner, {} if trained is None else dict(
        meta=dict(cfg=f'train_dataloader = dict(dataset={part})')))
    hook.before_test(runner)
    assert (len(runner.test_evaluator.metrics), len(logged)) == ((2, 0) if known else (1, 1))
    assert known or all(text in logged[0] for text in (
        trained or 'hold_out=0', 'hold_out=0.2, hold_out_seed=0 in the test'))


def test_no_training_images(tmp_path, monkeypatch):
    faces = make_faces()
    keep = faces.of('PublicTest')
    labels = [faces.labels[row] for row in keep]
    write_fer2013(tmp_path, type(faces)(faces.images[keep], labels, ['PublicTest'] * len(keep)))
    dataset = FER2013(str(tmp_path), split='val')
    logged = []
    monkeypatch.setattr('emonext_mm.evaluation.leak_free.print_log', lambda text, **kwargs: logged.append(text))
    assert len(measured(dataset, EmotionMetric())) == 1
    line, = logged
    assert all(word in line for word in ('leak-free', str(tmp_path / 'fer2013.csv'), 'train', 'val'))


def test_not_for_training_itself_nor_other_data_nor_where_nothing_is_measured(root):
    assert len(measured(FER2013(str(root), split='train'), EmotionMetric())) == 1
    assert len(measured(SyntheticFER(num_samples=2), EmotionMetric())) == 1
    assert measured(FER2013(str(root), split='val')) == []
