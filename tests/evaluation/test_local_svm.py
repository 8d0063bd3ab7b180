"""Local learning against one global SVM and against the nearest neighbour."""
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from emonext_mm.evaluation.local_svm import LocalSVM


@pytest.fixture(scope='module')
def data():
    """Three overlapping classes in eight dimensions, 40 training and 12 test samples."""
    generator = np.random.default_rng(0)
    labels = np.arange(52) % 3
    rows = generator.normal(size=(52, 8)) + 1.5 * np.eye(3, 8)[labels]
    return rows[:40], labels[:40], rows[40:]


@pytest.mark.parametrize('kind', [np.asarray, csr_matrix])
def test_all_neighbours_are_one_global_svm(data, kind):
    train, labels, test = data
    expected = LinearSVC(C=2.0, random_state=0).fit(train, labels).decision_function(test)
    scores = LocalSVM(1000, C=2.0).scores(kind(train), labels, kind(test), 3)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)


def test_two_classes_are_one_plane(data):
    train, labels, test = data
    expected = LinearSVC(C=2.0, random_state=0).fit(train, labels == 2).decision_function(test)
    scores = LocalSVM(40, C=2.0).scores(train, 2 * (labels == 2), test, 3)
    np.testing.assert_allclose(scores, np.stack([-expected, np.full(12, -np.inf), expected], 1), rtol=1e-4)


@pytest.mark.parametrize('kind', [np.asarray, csr_matrix])
def test_one_neighbour_gives_its_label(data, kind):
    train, labels, _ = data
    assert np.array_equal(LocalSVM(1).predict(kind(train), labels, kind(3 * train)), labels)


def test_neighbours_by_cosine(data):
    """Classes that are not among the neighbours cannot be predicted, whatever the length of a sample."""
    train, labels, test = data
    directions = train / np.linalg.norm(train, axis=1, keepdims=True)
    for scores, row in zip(LocalSVM(4).scores(train, labels, test, 3), test):
        nearest = np.argsort(-directions @ row)[:4]
        assert set(np.flatnonzero(np.isfinite(scores))) == set(labels[nearest])


def test_errors(data):
    train, labels, test = data
    for wrong in (dict(neighbours=0), dict(C=-2.5), dict(C=float('nan'))):
        (name, value), = wrong.items()
        with pytest.raises(ValueError, match=f'{name}.*{value}'):
            LocalSVM(**wrong)
    with pytest.raises(ValueError, match='39'):
        LocalSVM().predict(train, labels[:39], test)
