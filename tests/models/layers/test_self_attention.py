import pytest
import torch
from torch.autograd import gradcheck
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from emonext_mm.models.layers import self_attention
from emonext_mm.models.layers.self_attention import (
    BatchAttentionVariance,
    ElementAttentionVariance,
    batch_attention_variance,
    element_attention_variance,
)


def naive_element(query, key):
    """Formula of the paper, with all of W and its mean."""
    weights = (query[:, :, None] * key[:, None, :] / query.shape[1]**0.5).softmax(-1)
    return ((weights - weights.mean())**2).mean()


def naive_batch(query, key):
    weights = (query @ key.T / query.shape[1]**0.25).softmax(-1)
    return ((weights - weights.mean())**2).mean()


def draw(n, channels, scale=2.0):
    generator = torch.Generator().manual_seed(0)
    return [scale * torch.randn(n, channels, generator=generator, dtype=torch.float64) for _ in range(2)]


@pytest.fixture
def exact(monkeypatch):
    """Without the power series."""
    monkeypatch.setattr(self_attention, 'TERMS', {})


@pytest.mark.parametrize('largest', [0.1, 0.99, 1.01, 3.9, 4.1, 30.0])
def test_element_equals_the_naive_formula_at_any_scale(largest):
    """Value and gradients of all three ways: 12 terms, 24 terms, the sum over all pairs."""
    query, key = draw(7, 10)
    scores = query[:, :, None] * (key - key.mean(1, keepdim=True))[:, None] / 10**0.5
    query, key = (x.mul_((largest / 2 / scores.abs().max())**0.5).requires_grad_() for x in (query, key))
    expected = naive_element(query, key)
    value = element_attention_variance(query, key)
    torch.testing.assert_close(value, expected, rtol=1e-11, atol=0)
    for grad, expected_grad in zip(*(torch.autograd.grad(x, (query, key)) for x in (value, expected))):
        torch.testing.assert_close(grad, expected_grad, rtol=1e-10, atol=1e-15)


def test_common_offset_of_the_keys_has_no_influence():
    query, key = draw(4, 16, scale=0.3)
    torch.testing.assert_close(element_attention_variance(query, key + 1000), naive_element(query, key), rtol=1e-9,
                               atol=0)


def test_series_in_float32():
    """At the start of a training the value is 1e-10, and float32 keeps six of its digits."""
    query, key = draw(4, 320, scale=0.1)
    expected = naive_element(query, key)
    assert expected < 1e-9
    torch.testing.assert_close(element_attention_variance(query.float(), key.float()).double(), expected, rtol=1e-6,
                               atol=0)


@pytest.mark.parametrize(('small', 'large'), [(0.03, 60.0), (1e-4, 1e4), (1e4, 1e-4)])
def test_unbalanced_scales_in_float32(small, large):
    """A high power of one factor alone would overflow."""
    generator = torch.Generator().manual_seed(0)
    query, key = (scale * torch.randn(8, 320, generator=generator) for scale in (small, large))
    query, key = query.requires_grad_(), key.requires_grad_()
    value = element_attention_variance(query, key)
    exact = naive_element(query.detach().double(), key.detach().double())
    torch.testing.assert_close(value.double(), exact, rtol=1e-5, atol=0)
    assert all(grad.isfinite().all() for grad in torch.autograd.grad(value, (query, key)))


def test_nan_stays_nan():
    query, key = draw(2, 4)
    key[0, 0] = float('nan')
    assert element_attention_variance(query, key).isnan()


@pytest.mark.parametrize('chunk', [1, 50, 100, 700, 2**22], ids='chunk{}'.format)
def test_element_equals_the_naive_formula(chunk, monkeypatch, exact):
    """Value and gradients; a chunk is less than a row, some rows, a sample, or several samples."""
    monkeypatch.setattr(self_attention, 'CHUNK', chunk)
    query, key = (x.requires_grad_() for x in draw(7, 10))
    expected = naive_element(query, key)
    expected_grads = torch.autograd.grad(expected, (query, key))
    value = element_attention_variance(query, key)
    grads = torch.autograd.grad(3 * value, (query, key))
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=0)
    for grad, expected_grad in zip(grads, expected_grads):
        torch.testing.assert_close(grad, 3 * expected_grad, rtol=1e-6, atol=1e-15)


def test_element_gradcheck(monkeypatch, exact):
    monkeypatch.setattr(self_attention, 'CHUNK', 12)
    assert gradcheck(element_attention_variance, [x.requires_grad_() for x in draw(3, 6)])


def test_batch_equals_the_naive_formula():
    query, key = (x.requires_grad_() for x in draw(6, 9))
    torch.testing.assert_close(batch_attention_variance(query, key), naive_batch(query, key), rtol=1e-12, atol=0)
    assert gradcheck(batch_attention_variance, (query, key))


def test_uniform_attention_has_zero_variance():
    zeros, ones = torch.zeros(4, 8), torch.ones(4, 8)
    assert element_attention_variance(zeros, ones) == 0
    assert batch_attention_variance(zeros, ones) == 0


def test_bounds():
    """The variance is largest for one-hot rows: (M - 1) / M^2 for M columns."""
    query, key = torch.full((2, 5), 1e4), torch.eye(5)[:2] * 1e4
    torch.testing.assert_close(element_attention_variance(query, key), torch.tensor(4 / 25))
    sharp = 1e4 * torch.eye(3)
    torch.testing.assert_close(batch_attention_variance(sharp, sharp), torch.tensor(2 / 9))


def test_batch_of_one_has_zero_variance():
    assert batch_attention_variance(*draw(1, 5)) == 0


def test_nearly_uniform_attention_in_float32():
    """Initially W is within 1 % of uniform, and mean(W^2) - 1/C^2 would lose four digits."""
    query, key = draw(4, 768, scale=0.02)
    expected = naive_element(query, key)
    value = element_attention_variance(query.float(), key.float())
    assert abs(value.item() / expected.item() - 1) < 1e-3


@pytest.mark.parametrize('variance', [element_attention_variance, batch_attention_variance])
def test_float32_under_autocast(variance):
    query, key = (x.float() for x in draw(4, 16))
    with torch.autocast('cpu', torch.bfloat16):
        value = variance(query, key)
    assert value.dtype == torch.float32
    assert torch.equal(value, variance(query, key))


@pytest.mark.parametrize('module', [ElementAttentionVariance, BatchAttentionVariance])
def test_modules_equal_the_formula_of_projections(module):
    attention = module(12)
    features = torch.randn(5, 12)
    normed = attention.norm(features) if module is BatchAttentionVariance else features
    formula = naive_batch if module is BatchAttentionVariance else naive_element
    torch.testing.assert_close(attention(features), formula(attention.query(normed), attention.key(normed)))
    attention(features).backward()
    assert all(p.grad is not None for p in attention.parameters())


def test_normalized_value_is_the_squared_coefficient_of_variation():
    attention, features = ElementAttentionVariance(12, normalize=True).double(), torch.randn(5, 12, dtype=torch.float64)
    query, key = attention.query(features), attention.key(features)
    weights = (query[:, :, None] * key[:, None] / 12**0.5).softmax(-1)
    torch.testing.assert_close(attention(features), weights.var(correction=0) / weights.mean()**2)


class PeakMemory(TorchDispatchMode):
    """Track the bytes of all tensors that exist at one time, and their maximum."""

    def __init__(self):
        super().__init__()
        self.storages, self.peak = {}, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            storage = result.untyped_storage()
            self.storages[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self.storages = {key: entry for key, entry in self.storages.items() if not entry[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self.storages.values()))
        return result


@pytest.mark.parametrize(('chunk', 'batch'), [(self_attention.CHUNK, 4), (2**20, 16)])
def test_memory_at_xlarge(chunk, batch, monkeypatch, exact):
    """Forward and backward at C = 2048: at most four chunks, and six tensors of the size of the features.

    All of W would take the memory of 64 chunks.
    """
    monkeypatch.setattr(self_attention, 'CHUNK', chunk)
    with PeakMemory() as memory:
        query, key = (torch.randn(batch, 2048, requires_grad=True) for _ in range(2))
        element_attention_variance(query, key).backward()
    assert query.grad.shape == key.grad.shape == (batch, 2048)
    assert chunk * 4 < memory.peak < 4 * (4 * chunk + 6 * query.numel())
