import pytest
import torch
from mmengine.optim import MultiStepLR

from emonext_mm.engine import InverseTimeLR


def optimizer(*rates):
    return torch.optim.SGD([dict(params=[torch.nn.Parameter(torch.zeros(1))], lr=rate) for rate in rates], lr=1)


def rates_of(optimizer, schedules, steps):
    found = []
    for _ in range(steps):
        optimizer.step()
        found.append([group['lr'] for group in optimizer.param_groups])
        for schedule in schedules:
            schedule.step()
    return found


def test_inverse_of_time():
    it = optimizer(0.1, 0.5)
    found = rates_of(it, [InverseTimeLR(it, 0.02, by_epoch=False)], 50)
    for step, rates in enumerate(found):
        assert rates == pytest.approx([0.1 / (1 + 0.02 * step), 0.5 / (1 + 0.02 * step)])


def test_multiplies_with_another_schedule():
    """As Keras's decay does with ReduceLROnPlateau: a rate that is halved at step 3 decays on from there."""
    it = optimizer(1.0)
    found = rates_of(it, [InverseTimeLR(it, 0.5), MultiStepLR(it, [3], gamma=0.5)], 6)
    assert [rate for rate, in found] == pytest.approx([
        (0.5 if step >= 3 else 1) / (1 + 0.5 * step) for step in range(6)])


def test_resumed():
    first, second = optimizer(1.0), optimizer(1.0)
    whole = rates_of(first, [InverseTimeLR(first, 0.1)], 10)
    schedule = InverseTimeLR(second, 0.1)
    rates_of(second, [schedule], 4)
    third = optimizer(1.0)
    resumed = InverseTimeLR(third, 0.1)
    third.load_state_dict(second.state_dict())
    resumed.load_state_dict(schedule.state_dict())
    assert [rate for rate, in rates_of(third, [resumed], 6)] == pytest.approx([rate for rate, in whole[4:]])


def test_negative_decay():
    with pytest.raises(ValueError, match=r'-0\.1'):
        InverseTimeLR(optimizer(1.0), -0.1)
