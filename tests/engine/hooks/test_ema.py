import copy

import pytest
import torch
from mmengine.model import ExponentialMovingAverage, MomentumAnnealingEMA
from mmpretrain.registry import MODELS
from torch import nn

from emonext_mm.engine import ForeachEMA, RawValidationEMAHook


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2)).double()


def train(model, steps=7):
    """Yield after each step, which changes parameters and buffers."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        model(torch.randn(8, 3, 3, 3, generator=generator, dtype=torch.float64))
        for p in model.parameters():
            p.data += torch.randn(p.shape, generator=generator, dtype=torch.float64)
        yield model


@pytest.mark.parametrize(('reference', 'options'), [
    (ExponentialMovingAverage, dict(momentum=0.3)),
    (ExponentialMovingAverage, dict(momentum=0.3, interval=3)),
    (ExponentialMovingAverage, dict(momentum=0.3, update_buffers=True)),
    (MomentumAnnealingEMA, dict(momentum=0.3, gamma=1)),
    (MomentumAnnealingEMA, dict(momentum=0.01, gamma=10, interval=2, update_buffers=True)),
])
def test_equals_mmengine(reference, options):
    """Averages of parameters and optionally buffers at every step, and keys."""
    model = make_model()
    ours, theirs = ForeachEMA(model, **options), reference(model, **options)
    for _ in train(model):
        for ema in (ours, theirs):
            ema.update_parameters(model)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize('gamma', [0, 4])
def test_formula(gamma):
    """average += m (weight - average), m = max(momentum, gamma / (gamma + t)), at every second step t."""
    model = make_model()
    ema = ForeachEMA(model, momentum=0.1, gamma=gamma, interval=2)
    average = None
    for step, _ in enumerate(train(model)):
        ema.update_parameters(model)
        weight = model[3].weight.detach()
        if step == 0:
            average = weight.clone()
        elif step % 2 == 0:
            average += max(0.1, gamma / (gamma + step)) * (weight - average)
        torch.testing.assert_close(ema.module[3].weight, average)


@pytest.mark.parametrize(('beta', 'interval', 'start'), [(0.99, 16, 100), (0.9, 3, 7), (0.9, 1, 0)])
def test_equals_ema_pytorch(beta, interval, start):
    """The EMA of the authors' code, in its three phases: copying, annealing, constant momentum."""
    ema_pytorch = pytest.importorskip('ema_pytorch')
    model = make_model()
    theirs = ema_pytorch.EMA(model, beta=beta, update_every=interval, update_after_step=start)
    ours = ForeachEMA(model, momentum=1 - beta, gamma=1, power=2 / 3, start=start, interval=interval,
                      update_buffers=True)
    for _ in train(model, steps=start + 60 * interval):
        theirs.update()
        ours.update_parameters(model)
        for (name, average), expected in zip(ours.module.named_parameters(), theirs.ema_model.parameters()):
            torch.testing.assert_close(average, expected, rtol=1e-5, atol=1e-5, msg=name)
    torch.testing.assert_close(ours.module[1].running_mean, theirs.ema_model[1].running_mean, rtol=1e-5, atol=1e-5)


class Runner:
    iter = epoch = 0

    def __init__(self, model):
        self.model = model


def test_raw_weights_are_validated_and_the_average_is_saved():
    runner = Runner(make_model())
    hook = RawValidationEMAHook(ema_type=ForeachEMA, momentum=0.5, interval=1)
    hook.before_run(runner)
    for step, _ in enumerate(train(runner.model)):
        hook.after_train_iter(runner, step)
    raw, average = (copy.deepcopy(x.state_dict()) for x in (runner.model, hook.ema_model.module))
    assert not torch.equal(raw['3.weight'], average['3.weight'])
    hook.before_val_epoch(runner)
    torch.testing.assert_close(runner.model.state_dict(), raw, rtol=0, atol=0)
    hook.after_val_epoch(runner)
    torch.testing.assert_close(runner.model.state_dict(), raw, rtol=0, atol=0)
    checkpoint = dict(state_dict=runner.model.state_dict())
    hook.before_save_checkpoint(runner, checkpoint)
    torch.testing.assert_close(checkpoint['state_dict']['3.weight'], average['3.weight'], rtol=0, atol=0)


def test_buffers_are_shared_with_the_model():
    """Also after a module replaces a buffer, or writes to it."""
    model = make_model()
    ema = ForeachEMA(model, interval=16)
    for step, _ in enumerate(train(model)):
        if step == 3:
            model[1].running_mean = model[1].running_mean.clone()
        ema.update_parameters(model)
    model[1].running_var.fill_(3)
    assert model[1].running_mean.any()
    for name, buffer in model.named_buffers():
        assert torch.equal(ema.module.get_buffer(name), buffer), name


def test_resumes():
    model = make_model()
    whole, first = (ForeachEMA(model, momentum=0.2, gamma=3, interval=2) for _ in range(2))
    for step, _ in enumerate(train(model)):
        if step == 3:
            second = ForeachEMA(make_model(), momentum=0.2, gamma=3, interval=2)
            second.load_state_dict(copy.deepcopy(first.state_dict()))
            first = second
        for ema in (whole, first):
            ema.update_parameters(model)
    assert int(first.steps) == 7
    torch.testing.assert_close(first.state_dict(), whole.state_dict(), rtol=0, atol=0)


def test_one_operation_for_all_parameters(monkeypatch):
    """On the meta device, whose tensors hold no values, so that no value can be read."""
    lerp, calls = torch._foreach_lerp_, []
    monkeypatch.setattr(torch, '_foreach_lerp_', lambda *args: calls.append(len(args[0])) or lerp(*args))
    model = make_model().to('meta')
    ema = ForeachEMA(model, gamma=10, device='meta')
    for _ in range(3):
        ema.update_parameters(model)
    assert calls == [6, 6]


def test_registered():
    assert isinstance(MODELS.build(dict(type='ForeachEMA', model=make_model(), gamma=10)), ForeachEMA)


def test_negative_gamma():
    with pytest.raises(ValueError, match=r'gamma.*-1'):
        ForeachEMA(make_model(), gamma=-1)
