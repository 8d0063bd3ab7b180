import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import nn

from emonext_mm.engine.optim_wrappers.grouped_constructor import _join


def build(constructor, **paramwise):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2), nn.Linear(2, 2))
    wrapper = dict(type='OptimWrapper', constructor=constructor, paramwise_cfg=paramwise,
                   optimizer=dict(type='AdamW', lr=0.1, weight_decay=0.05))
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return model, build_optim_wrapper(model, wrapper)


def options(model, wrapper):
    """The options of each parameter, by name."""
    names = {id(p): name for name, p in model.named_parameters()}
    return {names[id(p)]: {key: value for key, value in group.items() if key != 'params'}
            for group in wrapper.optimizer.param_groups for p in group['params']}


PARAMWISE = dict(norm_decay_mult=0.0, bias_decay_mult=0.0, custom_keys={'4': dict(lr_mult=0.1)})


def test_options_are_those_of_mmengine_in_few_groups():
    ours, host = (build(name, **PARAMWISE) for name in ('GroupedOptimWrapperConstructor',
                                                        'DefaultOptimWrapperConstructor'))
    assert options(*ours) == options(*host)
    assert len(options(*ours)) == 8
    assert len(host[1].optimizer.param_groups) == 8
    assert len(ours[1].optimizer.param_groups) == 3


def test_options_without_a_hash():
    model = nn.Linear(2, 2)
    options = dict(lr=0.1, betas=[0.9, 0.95])
    groups = _join([dict(options, params=[model.weight]), dict(options, params=[model.bias])])
    assert groups == [dict(options, params=[model.weight, model.bias])]


@pytest.mark.parametrize('paramwise', [PARAMWISE, {}])
def test_step_equals_that_of_mmengine(paramwise):
    weights = []
    for name in ('GroupedOptimWrapperConstructor', 'DefaultOptimWrapperConstructor'):
        model, wrapper = build(name, **paramwise)
        for _ in range(3):
            wrapper.update_params(model(torch.ones(2, 3, 4, 4)).square().sum())
        weights.append(list(model.parameters()))
    for found, expected in zip(*weights):
        assert torch.equal(found, expected)
