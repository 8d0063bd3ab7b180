import sys

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import nn

WRAPPER = dict(
    type='OptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(type='TimmMuon', lr=0.01, weight_decay=0.1, betas=(0.9, 0.98)),
    paramwise_cfg=dict(custom_keys={'1': dict(use_fallback=True)}),
)


def step(wrapper=WRAPPER):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 3))
    before = [p.detach().clone() for p in model.parameters()]
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        built = build_optim_wrapper(model, wrapper)
    for p in model.parameters():
        p.grad = torch.randn_like(p)
    built.step()
    return model, before


def test_a_matrix_moves_by_an_orthogonal_step():
    """Of 0.2 * sqrt(longer side) * lr in every direction, within the accuracy of five Newton-Schulz iterations."""
    model, before = step()
    moved = model[0].weight.detach() - before[0] * (1 - 0.01 * 0.1)
    singular = torch.linalg.svdvals(moved) / (0.01 * 0.2 * 6**0.5)
    assert 0.5 < singular.min() <= singular.max() < 1.5


def test_vectors_and_fallback_groups_move_as_with_adamw():
    model, before = step()
    for p, old in list(zip(model.parameters(), before))[1:]:
        expected = old * (1 - 0.01 * 0.1) - 0.01 * p.grad.sign()  # the first step of Adam
        torch.testing.assert_close(p.detach(), expected, atol=1e-5, rtol=1e-4)


def test_without_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm.optim', None)
    with pytest.raises(ImportError, match=r'TimmMuon.*1\.0\.22'):
        step()
