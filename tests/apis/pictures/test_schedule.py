import math

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn

from emonext_mm.apis.pictures.schedule import Schedule, draw_schedule, trace_schedule
from emonext_mm.host import prepare_train

EPOCHS, LENGTH = 4, 5


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.stn = nn.Linear(1, 1)
        self.backbone = nn.Sequential(*[nn.Linear(1, 1) for _ in range(5)])
        self.head = nn.Linear(1, 1)


def make_runner(work_dir, param_scheduler, optimizer=None, train_cfg=None, **kwargs):
    """Four epochs of five iterations: ten samples two at a time."""
    loader = dict(dataset=[torch.zeros(1)] * 2 * LENGTH, batch_size=2, num_workers=0,
                  sampler=dict(type='DefaultSampler', shuffle=True))
    optimizer = optimizer or dict(type='SGD', lr=0.8, momentum=0.5, weight_decay=0.1)
    optim_wrapper = dict(type='OptimWrapper', optimizer=optimizer, paramwise_cfg=kwargs.pop('paramwise_cfg', None))
    return Runner(Model(), str(work_dir), train_dataloader=loader, param_scheduler=param_scheduler,
                  train_cfg=train_cfg or dict(by_epoch=True, max_epochs=EPOCHS), optim_wrapper=optim_wrapper,
                  experiment_name=work_dir.name, default_scope='mmpretrain', log_level='ERROR',
                  cfg=Config(dict(optim_wrapper=optim_wrapper)), **kwargs)


def test_steps_by_epoch(tmp_path):
    schedule = trace_schedule(make_runner(tmp_path, dict(type='MultiStepLR', milestones=[1, 3], gamma=0.5)))
    assert schedule.groups == ['all parameters']
    assert schedule.epoch_length == LENGTH
    np.testing.assert_allclose(schedule.rates[:, 0], np.repeat([0.8, 0.4, 0.4, 0.2], LENGTH))
    assert (schedule.momenta == 0.5).all()


def test_warm_up_and_cosine_by_iteration(tmp_path):
    """Both begin at once, as in our configs: they multiply."""
    schedule = trace_schedule(make_runner(tmp_path, [
        dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=5),
        dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)]))
    total = EPOCHS * LENGTH
    expected = [0.8 * min(0.1 + 0.9 * i / 4, 1) * (1 + math.cos(math.pi * i / total)) / 2 for i in range(total)]
    np.testing.assert_allclose(schedule.rates[:, 0], expected, atol=1e-12)


def test_constant_rate(tmp_path, recwarn):
    schedule = trace_schedule(make_runner(tmp_path, None))
    assert (schedule.rates == 0.8).all()
    assert schedule.rates.shape == (EPOCHS * LENGTH, 1)
    assert not [warning for warning in recwarn if 'scheduler.step' in str(warning.message)]


def test_no_warning_about_the_missing_training(tmp_path, recwarn):
    trace_schedule(make_runner(tmp_path, dict(type='LinearLR')))
    assert not [warning for warning in recwarn if 'scheduler.step' in str(warning.message)]


def test_iteration_based_training(tmp_path):
    schedule = trace_schedule(make_runner(tmp_path, dict(type='PolyLR', power=1, by_epoch=False),
                                          train_cfg=dict(by_epoch=False, max_iters=8)))
    np.testing.assert_allclose(schedule.rates[:, 0], [0.8 * (1 - i / 7) for i in range(8)])
    assert schedule.epoch_length == 8


def test_groups_by_their_rate(tmp_path):
    keys = {'stn': dict(lr_mult=0.1), 'backbone.3': dict(lr_mult=2), 'backbone.4': dict(lr_mult=2),
            'backbone.1.bias': dict(lr_mult=2, decay_mult=0)}
    schedule = trace_schedule(make_runner(tmp_path, dict(type='ExponentialLR', gamma=0.5),
                                          paramwise_cfg=dict(custom_keys=keys)))
    assert schedule.groups == ['stn', 'backbone.0, backbone.1.weight, backbone.2 and 1 more',
                               'backbone.1.bias, backbone.3, backbone.4']
    np.testing.assert_allclose(schedule.rates[::LENGTH], np.outer([1, 0.5, 0.25, 0.125], [0.08, 0.8, 1.6]))


@pytest.mark.parametrize('optimizer', [dict(type='SGD', lr=0.8, momentum=0.5),
                                       dict(type='AdamW', lr=0.8, betas=(0.5, 0.999))], ids=['SGD', 'AdamW'])
def test_momentum(tmp_path, optimizer):
    schedule = trace_schedule(make_runner(
        tmp_path, dict(type='LinearMomentum', start_factor=0.2, by_epoch=False, end=5), optimizer))
    expected = [0.5 * min(0.2 + 0.8 * i / 4, 1) for i in range(EPOCHS * LENGTH)]
    np.testing.assert_allclose(schedule.momenta[:, 0], expected)
    assert (schedule.rates == 0.8).all()


def test_rate_that_follows_the_batch_size(tmp_path):
    scaled = trace_schedule(make_runner(tmp_path, None, auto_scale_lr=dict(base_batch_size=8, enable=True)))
    np.testing.assert_allclose(scaled.rates, 0.2)


def test_no_training(tmp_path):
    runner = Runner(Model(), str(tmp_path), experiment_name=tmp_path.name, default_scope='mmpretrain',
                    log_level='ERROR')
    with pytest.raises(ValueError, match='the config has no train_cfg, and so no schedule'):
        trace_schedule(runner)


def test_mixed_precision_as_the_tools_prepare_it(tmp_path, monkeypatch):
    """AmpOptimWrapper, which refuses a CPU, does not keep a schedule from being drawn there."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    runner = make_runner(tmp_path, dict(type='LinearLR', end=2))
    wrapper = dict(type='AmpOptimWrapper', optimizer=dict(type='AdamW', lr=0.8))
    runner.cfg = prepare_train(Config(dict(optim_wrapper=wrapper)))
    assert trace_schedule(runner).rates.shape == (EPOCHS * LENGTH, 1)


RATES = np.outer(np.linspace(1, 0, 20), [0.1, 0.8])


def test_picture():
    figure = draw_schedule(Schedule(['stn', 'backbone, head'], RATES, np.full((20, 2), 0.9), LENGTH))
    figure.draw_without_rendering()
    axes, = figure.axes
    assert (axes.get_ylabel(), axes.get_xlabel()) == ('learning rate', 'epoch (of 5 iterations)')
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ['stn', 'backbone, head']
    for line, rates in zip(axes.lines, RATES.T):
        np.testing.assert_allclose(line.get_xdata(), np.arange(20) / 5)
        np.testing.assert_allclose(line.get_ydata(), rates)
    top, = axes.child_axes
    assert top.get_xlabel() == 'iteration'
    np.testing.assert_allclose(np.array(axes.get_xlim()) * 5, top.get_xlim())


def test_picture_with_momentum():
    rate, momentum = draw_schedule(Schedule(['all parameters'], RATES[:, :1], RATES[:, 1:], LENGTH)).axes
    assert (rate.get_ylabel(), momentum.get_ylabel()) == ('learning rate', 'momentum')
    np.testing.assert_allclose(momentum.lines[0].get_ydata(), RATES[:, 1])


def test_many_groups_have_no_legend():
    rates = np.outer(np.ones(20), np.linspace(0.1, 1, 11))
    figure = draw_schedule(Schedule([f'stage {i}' for i in range(11)], rates, rates, LENGTH))
    assert len(figure.axes[0].lines) == 11
    assert figure.axes[0].get_legend() is None
