"""With PyTorch's gradient scaler for the CPU, which computes the same as that for CUDA."""
import functools

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.optim.optimizer import amp_optimizer_wrapper
from mmpretrain.registry import OPTIM_WRAPPERS
from torch import nn

from emonext_mm.compat.config import adapt_amp

SCALE = 1024.0


@pytest.fixture
def on_cpu(monkeypatch):
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available', lambda: True)
    monkeypatch.setattr(amp_optimizer_wrapper, 'GradScaler', functools.partial(torch.amp.GradScaler, 'cpu'))


def make(clip_grad=None, optimizer=torch.optim.SGD, kind='ScaledClipAmpOptimWrapper'):
    model = nn.Linear(3, 2, bias=False)
    nn.init.zeros_(model.weight)
    return model, OPTIM_WRAPPERS.build(dict(
        type=kind, optimizer=optimizer(model.parameters(), lr=1.0), clip_grad=clip_grad, loss_scale=SCALE))


def step(model, wrapper, gradient):
    before = model.weight.detach().clone()
    wrapper.update_params((model.weight * gradient).sum())
    return before - model.weight.detach()


GRADIENT = torch.tensor([[3.0, 0, 4], [0, 12, 0]])  # of norm 13


def test_clips_before_unscaling(on_cpu):
    moved = step(*make(clip_grad=dict(max_norm=1.0)), GRADIENT)
    torch.testing.assert_close(moved, GRADIENT / 13 / SCALE)


def test_mmengine_clips_after_unscaling(on_cpu):
    moved = step(*make(clip_grad=dict(max_norm=1.0), kind='AmpOptimWrapper'), GRADIENT)
    torch.testing.assert_close(moved, GRADIENT / 13)


@pytest.mark.parametrize('clip_grad', [None, dict(max_norm=14 * SCALE)])
def test_gradients_below_the_limit(on_cpu, clip_grad):
    torch.testing.assert_close(step(*make(clip_grad), GRADIENT), GRADIENT)


def test_step_with_infinite_gradients_is_skipped(on_cpu):
    model, wrapper = make(clip_grad=dict(max_norm=1.0))
    assert not step(model, wrapper, GRADIENT * torch.inf).any()
    assert step(model, wrapper, GRADIENT).any()


def test_small_steps_of_adam(on_cpu):
    """If the clipped gradient is small compared with Adam's epsilon, so is the step."""
    moved = step(*make(clip_grad=dict(max_norm=1e-6), optimizer=torch.optim.AdamW), GRADIENT)
    gradient = GRADIENT / 13 * 1e-6 / SCALE
    torch.testing.assert_close(moved, gradient / (gradient + 1e-8), rtol=1e-3, atol=1e-5)
    assert moved.max() < 0.1


def test_replaced_on_a_cpu(monkeypatch):
    monkeypatch.setattr('emonext_mm.compat.config.get_device', lambda: 'cpu')
    monkeypatch.setattr('emonext_mm.compat.config.has_bfloat16', lambda: True)
    cfg = ConfigDict(optim_wrapper=dict(type='ScaledClipAmpOptimWrapper', clip_grad=dict(max_norm=1.0)))
    assert adapt_amp(cfg).optim_wrapper == dict(type='CpuAmpOptimWrapper', clip_grad=dict(max_norm=1.0))
