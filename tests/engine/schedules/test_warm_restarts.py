import math

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.registry import PARAM_SCHEDULERS
from torch import nn

from emonext_mm.engine import WarmRestartLR

# Learning rates at optimizer steps 0, 1, ... with scheduler.py of the authors' code (commit ce77dc1):
#   CosineAnnealingWithWarmRestartsLR(AdamW([p], lr=1e-4), warmup_steps=128, cycle_steps=1024)
AUTHORS = {
    0: 7.8125e-06,
    1: 1.5625e-05,
    63: 0.0005,
    126: 0.0009921875,
    127: 0.001,
    128: 0.0009999969265702571,
    300: 0.0009108012616521054,
    575: 0.0005,
    900: 4.5781732516959715e-05,
    1022: 3.073429742872502e-09,
    1023: 0.0,
    1024: 7.8125e-06,
    1151: 0.001,
    2046: 3.073429742872502e-09,
    2047: 0.0,
    2900: 8.721008431055028e-05,
}


def make_optimizer(lr=1e-3):
    return torch.optim.AdamW([nn.Parameter(torch.zeros(1))], lr=lr)


def rates(scheduler, optimizer, steps):
    for _ in range(steps):
        yield optimizer.param_groups[0]['lr']
        optimizer.step()
        scheduler.step()


def test_equals_the_authors_code():
    optimizer = make_optimizer()
    ours = list(rates(WarmRestartLR(optimizer), optimizer, 3000))
    for step, expected in AUTHORS.items():
        assert ours[step] == pytest.approx(expected, rel=1e-9, abs=1e-18), step


def test_formula():
    optimizer = make_optimizer(0.3)
    values = list(rates(WarmRestartLR(optimizer, warmup=3, period=7), optimizer, 13))
    cosine = [0.3 * (0.5 + 0.5 * math.cos(math.pi * part / 4)) for part in range(4)]
    assert values == pytest.approx([0.1, 0.2, *cosine, 0, 0.1, 0.2, *cosine])


def test_parameter_groups_have_their_own_peak():
    groups = [dict(params=[nn.Parameter(torch.zeros(1))], lr=lr) for lr in (1.0, 0.1)]
    optimizer = OptimWrapper(torch.optim.AdamW(groups))
    WarmRestartLR(optimizer, warmup=2, period=5)
    assert [group['lr'] for group in optimizer.optimizer.param_groups] == pytest.approx([0.5, 0.05])


def test_resumes():
    whole, first, second = (make_optimizer() for _ in range(3))
    expected = list(rates(WarmRestartLR(whole, warmup=3, period=7), whole, 20))
    scheduler = WarmRestartLR(first, warmup=3, period=7)
    before = list(rates(scheduler, first, 9))
    resumed = WarmRestartLR(second, warmup=3, period=7)
    second.load_state_dict(first.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    assert before + list(rates(resumed, second, 11)) == expected


def test_registered():
    scheduler = PARAM_SCHEDULERS.build(dict(type='WarmRestartLR', period=512, by_epoch=False), default_args=dict(
        optimizer=make_optimizer()))
    assert (scheduler.by_epoch, scheduler.warmup, scheduler.period) == (False, 128, 512)


@pytest.mark.parametrize('warmup', [0, 7, 8])
def test_warmup_out_of_bounds(warmup):
    with pytest.raises(ValueError, match=rf'\b7\b.*got {warmup}$'):
        WarmRestartLR(make_optimizer(), warmup=warmup, period=7)
