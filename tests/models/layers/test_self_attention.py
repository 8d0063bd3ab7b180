import subprocess
import sys

import pytest
import torch
from torch.autograd import gradcheck

from emonext_mm.models.layers import self_attention
from emonext_mm.models.layers.self_attention import (
    BatchAttentionVariance,
    ElementAttentionVariance,
    batch_attention_variance,
    element_attention_variance,
)


def naive_element(query, key):
    """The formula as the paper writes it: all of W, and its own mean."""
    weights = (query[:, :, None] * key[:, None, :] / query.shape[1]**0.5).softmax(-1)
    return ((weights - weights.mean())**2).mean()


def naive_batch(query, key):
    weights = (query @ key.T / query.shape[1]**0.25).softmax(-1)
    return ((weights - weights.mean())**2).mean()


def draw(n, channels, scale=2.0):
    generator = torch.Generator().manual_seed(0)
    return [scale * torch.randn(n, channels, generator=generator, dtype=torch.float64) for _ in range(2)]


@pytest.mark.parametrize('chunk', [1, 50, 100, 700, 2**22], ids='chunk{}'.format)
def test_element_equals_the_naive_formula(chunk, monkeypatch):
    """Value and gradients, whether a chunk is less than a row, some rows, a sample, or several samples."""
    monkeypatch.setattr(self_attention, 'CHUNK', chunk)
    query, key = (x.requires_grad_() for x in draw(7, 10))
    expected = naive_element(query, key)
    expected_grads = torch.autograd.grad(expected, (query, key))
    value = element_attention_variance(query, key)
    grads = torch.autograd.grad(3 * value, (query, key))
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=0)
    for grad, expected_grad in zip(grads, expected_grads):
        torch.testing.assert_close(grad, 3 * expected_grad, rtol=1e-6, atol=1e-15)


def test_element_gradcheck(monkeypatch):
    monkeypatch.setattr(self_attention, 'CHUNK', 12)
    assert gradcheck(element_attention_variance, [x.requires_grad_() for x in draw(3, 6)])


def test_batch_equals_the_naive_formula():
    query, key = (x.requires_grad_() for x in draw(6, 9))
    torch.testing.assert_close(batch_attention_variance(query, key), naive_batch(query, key), rtol=1e-12, atol=0)
    assert gradcheck(batch_attention_variance, (query, key))


def test_uniform_attention_has_no_variance():
    zeros, ones = torch.zeros(4, 8), torch.ones(4, 8)
    assert element_attention_variance(zeros, ones) == 0
    assert batch_attention_variance(zeros, ones) == 0


def test_bounds():
    """One-hot rows are the largest variance: (M - 1) / M^2 for M columns."""
    query, key = torch.full((2, 5), 1e4), torch.eye(5)[:2] * 1e4
    torch.testing.assert_close(element_attention_variance(query, key), torch.tensor(4 / 25))
    sharp = 1e4 * torch.eye(3)
    torch.testing.assert_close(batch_attention_variance(sharp, sharp), torch.tensor(2 / 9))


def test_batch_of_one_has_none():
    assert batch_attention_variance(*draw(1, 5)) == 0


def test_small_deviations_survive_float32():
    """At the start W is within 1 % of uniform, and mean(W^2) - 1/C^2 would lose four digits."""
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
def test_modules_are_their_function_of_projections(module):
    attention = module(12)
    features = torch.randn(5, 12)
    normed = attention.norm(features) if module is BatchAttentionVariance else features
    formula = naive_batch if module is BatchAttentionVariance else naive_element
    torch.testing.assert_close(attention(features), formula(attention.query(normed), attention.key(normed)))
    attention(features).backward()
    assert all(p.grad is not None for p in attention.parameters())


MEMORY = """
import resource, torch
from emonext_mm.models.layers.self_attention import element_attention_variance
query, key = (torch.randn(64, 2048, requires_grad=True) for _ in range(2))
element_attention_variance(query[:1], key[:1]).backward()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
element_attention_variance(query, key).backward()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='ru_maxrss is in kB on Linux')
def test_memory_at_xlarge():
    """Forward and backward at C = 2048, batch 64 in less than 300 MB; W alone would take 1 GB.

    In a process of its own, whose peak no other test has raised.
    """
    grown = float(subprocess.run([sys.executable, '-c', MEMORY], capture_output=True, text=True, check=True).stdout)
    assert grown < 300
