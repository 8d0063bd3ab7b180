import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from scipy.stats import binomtest

from emonext_mm.datasets import FER2013, SyntheticFER
from emonext_mm.evaluation import CleanAccuracy, EmotionMetric, measure_clean
from tests.helpers.fer2013_files import make_faces, write_fer2013

CLEAN = np.array([True, False, True, True, False])


def evaluate(clean, hits, size=None, places=None):
    metric = CleanAccuracy(clean)
    places = range(len(hits)) if places is None else places
    metric.process(None, [dict(sample_idx=place, gt_label=torch.tensor([int(hit)]), pred_score=torch.tensor([0.2, 0.8]))
                          for place, hit in zip(places, hits)])
    return metric.evaluate(size or len(hits))


def test_only_clean_samples_count():
    metrics = evaluate(CLEAN, [True, True, False, True, True])
    interval = binomtest(2, 3).proportion_ci(method='wilson')
    assert metrics == pytest.approx({'clean/accuracy': 200 / 3, 'clean/ci95_low': 100 * interval.low,
                                     'clean/ci95_high': 100 * interval.high, 'clean/samples': 3})


def test_samples_in_another_order():
    """As several processes give them: the misses are the second and the last sample, both unclean."""
    assert evaluate(CLEAN, [False, True, False, True, True], places=[4, 0, 1, 2, 3])['clean/accuracy'] == 100


def test_no_clean_sample():
    assert evaluate(np.zeros(2, bool), [True, True]) == {'clean/samples': 0}


def test_padding_is_dropped():
    assert evaluate(CLEAN[:2], [True, True, False], places=[0, 1, 0], size=2)['clean/accuracy'] == 100


@pytest.mark.parametrize('places', [(None, None), (0, 0), (0, 2)])
def test_samples_that_do_not_know_their_place(places):
    with pytest.raises(ValueError, match='samples do not carry their place in the data set: PackInputs must keep'):
        evaluate(CLEAN[:2], [True, True], places=places)


# -------------------------------------------------------------------------------------- which tests have it


@pytest.fixture
def root(tmp_path):
    """FER2013 with two of its validation images copied into training, one of them with a grey level of noise."""
    faces = make_faces()
    train, val = faces.of('Training'), faces.of('PublicTest')
    faces.images[train[0]] = faces.images[val[1]]
    faces.images[train[1]] = np.clip(faces.images[val[3]].astype(int) + 1, 0, 255)
    write_fer2013(tmp_path, faces)
    return tmp_path


def measured(dataset, *metrics):
    evaluator = Evaluator(list(metrics))
    measure_clean(evaluator, dataset)
    return evaluator.metrics


def test_fer2013_with_its_training_images(root):
    first, clean = measured(FER2013(str(root), split='val'), EmotionMetric())
    assert isinstance(first, EmotionMetric)
    assert np.flatnonzero(~clean.clean).tolist() == [1, 3]


def test_no_training_images(tmp_path, monkeypatch):
    faces = make_faces()
    keep = faces.of('PublicTest')
    labels = [faces.labels[row] for row in keep]
    write_fer2013(tmp_path, type(faces)(faces.images[keep], labels, ['PublicTest'] * len(keep)))
    dataset = FER2013(str(tmp_path), split='val')
    said = []
    monkeypatch.setattr('emonext_mm.evaluation.leak_free.print_log', lambda text, **kwargs: said.append(text))
    assert len(measured(dataset, EmotionMetric())) == 1
    assert said == [f'accuracy on clean images is not measured: {tmp_path / "fer2013.csv"}: no images of train, '
                    'so that copies of val cannot be found']


def test_not_for_training_itself_nor_other_data_nor_where_nothing_is_measured(root):
    assert len(measured(FER2013(str(root), split='train'), EmotionMetric())) == 1
    assert len(measured(SyntheticFER(num_samples=2), EmotionMetric())) == 1
    assert measured(FER2013(str(root), split='val')) == []
