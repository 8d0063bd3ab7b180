import pytest
import torch
from mmengine.optim import AmpOptimWrapper
from mmengine.optim.optimizer import amp_optimizer_wrapper
from mmpretrain.registry import OPTIM_WRAPPERS
from torch import nn

from emonext_mm.engine import CpuAmpOptimWrapper


def make(**options):
    model = nn.Linear(4, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    wrapper = OPTIM_WRAPPERS.build(dict(type='CpuAmpOptimWrapper', optimizer=optimizer, **options))
    return model, wrapper


def test_forward_pass_runs_in_bfloat16_and_weights_stay_float32():
    model, wrapper = make()
    assert isinstance(wrapper, CpuAmpOptimWrapper)
    with wrapper.optim_context(model):
        output = model(torch.ones(8, 4))
    assert output.dtype == torch.bfloat16
    assert not torch.is_autocast_enabled('cpu')
    wrapper.update_params(output.sum())
    assert model.weight.dtype == torch.float32


def test_step():
    """The gradient of sum(Wx) over eight rows of ones is 8 for each weight: exact in bfloat16, and not scaled."""
    model, wrapper = make()
    start = model.weight.detach().clone()
    with wrapper.optim_context(model):
        loss = model(torch.ones(8, 4)).sum()
    wrapper.update_params(loss)
    torch.testing.assert_close(start - model.weight, torch.full((1, 4), 8.0))


def test_accumulation_and_clipping():
    model, wrapper = make(accumulative_counts=2, clip_grad=dict(max_norm=0.5))
    wrapper.initialize_count_status(model, 0, 4)
    start = model.weight.detach().clone()
    for step in range(2):
        with wrapper.optim_context(model):
            loss = model(torch.ones(8, 4)).sum()
        wrapper.update_params(loss)
        assert torch.equal(model.weight, start) == (step == 0)
    assert (model.weight - start).norm().item() == pytest.approx(0.5, rel=1e-4)


def test_mmengine_refuses_a_cpu(monkeypatch):
    """As long as this holds, ``CpuAmpOptimWrapper`` is needed."""
    for name in ('is_cuda_available', 'is_npu_available', 'is_mlu_available', 'is_musa_available'):
        monkeypatch.setattr(amp_optimizer_wrapper, name, lambda: False, raising=False)
    model = nn.Linear(1, 1)
    with pytest.raises(AssertionError):
        AmpOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=1.0), dtype='bfloat16')
