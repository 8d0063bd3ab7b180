"""The correlation terms against numbers and constructions of NumPy."""
import numpy as np
import pytest
import torch

from emonext_mm.models.layers.correlation import (
    embedding_diversity,
    feature_discrimination,
    mean_discrimination,
    pair_weights,
    pearson,
)

Z = torch.tensor([[[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0]],
                  [[1, 2, 3, 4], [4, 3, 2, 1], [1, -1, 1, -1]]], dtype=torch.float64)
LABELS = torch.tensor([0, 1, 0])
CONFUSION = torch.tensor([[0.75, 0.25], [0.5, 0.5]], dtype=torch.float64)


def test_terms_by_value():
    """Numbers computed from the formulas with NumPy's corrcoef."""
    assert feature_discrimination(Z, LABELS).item() == pytest.approx(0.617899318, abs=1e-9)
    weighted = feature_discrimination(Z, LABELS, pair_weights(LABELS, CONFUSION))
    assert weighted.item() == pytest.approx(1.029383158, abs=1e-9)
    assert embedding_diversity(Z).item() == pytest.approx(0.413933703, abs=1e-9)
    assert mean_discrimination(Z, LABELS, 2, eps=0).item() == pytest.approx(0.393519414, abs=1e-9)
    assert mean_discrimination(Z, LABELS, 2).item() == pytest.approx(0.393519505, abs=1e-9)


def test_pair_weights():
    expected = [[0, 1.75, 1.5], [1.75, 0, 1.75], [1.5, 1.75, 0]]
    assert pair_weights(LABELS, CONFUSION).tolist() == expected
    assert pair_weights(LABELS, torch.tensor([[3, 1], [2, 2]])).tolist() == expected  # counts


def test_pair_weights_without_samples():
    assert pair_weights(LABELS, torch.zeros(2, 2)).tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]


def test_pearson_is_numpys():
    rows = torch.randn(2, 5, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(pearson(rows), [np.corrcoef(each) for each in rows.numpy()], atol=1e-12)
    torch.testing.assert_close(pearson(3 * rows + 7), pearson(rows))


def test_constant_row():
    rows = torch.tensor([[1.0, 1, 1], [1, 2, 3]], requires_grad=True)
    found = pearson(rows)
    found.sum().backward()
    torch.testing.assert_close(found, torch.tensor([[0.0, 0], [0, 1]]))
    assert rows.grad.isfinite().all()


def test_absent_class_has_the_mean_of_the_batch():
    """A third class: two of its pairs are with classes whose means have a known correlation with the batch's."""
    means = torch.stack([Z[:, LABELS == 0].mean(1), Z[:, 1], Z.mean(1)], 1)
    expected = np.mean([(1 + np.corrcoef(each)) * (1 - np.eye(3)) for each in means.numpy()])
    assert mean_discrimination(Z, LABELS, 3).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize('term', [
    lambda z: feature_discrimination(z, torch.tensor([0, 1, 0, 2]), pair_weights(torch.tensor([0, 1, 0, 2]),
                                                                                 torch.eye(3).double())),
    lambda z: mean_discrimination(z, torch.tensor([0, 1, 0, 2]), 3),
    embedding_diversity,
], ids=['FD', 'MD', 'ED'])
def test_gradients(term):
    z = torch.randn(2, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    assert torch.autograd.gradcheck(term, z)
    term(z).backward()
    assert (z.grad.abs().sum((0, 2)) > 1e-6).all()
