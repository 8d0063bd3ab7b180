"""The learning rate, and the momentum if it changes, of every iteration of a training run that need not be made."""
from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mmengine.hooks import ParamSchedulerHook
from mmengine.runner import Runner

_NAMED = 3  # parts of a model in a label
_IN_LEGEND = 10  # curves; layer-wise decay has more


class Schedule(NamedTuple):
    """T iterations of G groups of parameters that differ in learning rate."""

    groups: list[str]  # G, the parts of the model
    rates: np.ndarray  # (T, G)
    momenta: np.ndarray  # (T, G), for Adam and its kin beta 1
    epoch_length: int  # iterations; T where training does not go by epochs


def trace_schedule(runner: Runner) -> Schedule:
    """Step the schedulers of a runner through a training run, without training.

    Optimizer, groups and schedulers are the host's own, with all that its config says (``paramwise_cfg``,
    ``convert_to_iter_based``, ``auto_scale_lr``); its ``tools/visualization/vis_scheduler.py`` puts one convolution
    in place of the model, and so knows one group. The data set is needed for the length of an epoch.

    Raises:
        ValueError: the config says nothing about training.
        OSError, ValueError: the training data cannot be read.
    """
    if runner._train_loop is None:
        raise ValueError('the config has no train_cfg, and so no schedule')
    loop = runner.train_loop
    runner.optim_wrapper = runner.build_optim_wrapper(runner.cfg.optim_wrapper)
    runner.scale_lr(runner.optim_wrapper, runner.auto_scale_lr)
    groups = _keep_distinct_groups(runner)
    if runner.param_schedulers is not None:
        runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
    stepper = ParamSchedulerHook()
    epoch_length = loop.max_iters // loop.max_epochs
    rates, momenta = [], []
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', r'Detected call of `scheduler\.step\(\)` before')  # that is the idea
        for iteration in range(loop.max_iters):
            rates.append(runner.optim_wrapper.get_lr()['lr'])
            momenta.append(runner.optim_wrapper.get_momentum()['momentum'])
            stepper.after_train_iter(runner, iteration)
            if (iteration + 1) % epoch_length == 0:
                stepper.after_train_epoch(runner)
    return Schedule(groups, np.array(rates), np.array(momenta), epoch_length)


def draw_schedule(schedule: Schedule) -> Figure:
    """Draw the learning rate and, if it changes, the momentum against the epoch and the iteration."""
    curves = {'learning rate': schedule.rates}
    if np.ptp(schedule.momenta, axis=0).any():
        curves['momentum'] = schedule.momenta
    figure = Figure(figsize=(8, 1 + 3.2 * len(curves)), layout='constrained')
    panels = figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0]
    epochs = np.arange(len(schedule.rates)) / schedule.epoch_length
    for panel, (name, values) in zip(panels, curves.items()):
        for group, value in zip(schedule.groups, values.T):
            panel.plot(epochs, value, label=group)
        panel.set_ylabel(name)
        panel.yaxis.set_major_formatter('{x:g}')
        panel.grid(alpha=0.3)
    panels[0].set_title('Schedule of training')
    if len(schedule.groups) <= _IN_LEGEND:
        panels[0].legend()
    by_iteration = (lambda epoch: epoch * schedule.epoch_length, lambda iteration: iteration / schedule.epoch_length)
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[-1].set_xlabel(f'epoch (of {schedule.epoch_length} iterations)')
    panels[0].secondary_xaxis('top', functions=by_iteration).set_xlabel('iteration')
    return figure


def _keep_distinct_groups(runner: Runner) -> list[str]:
    """Drop the groups of the optimizer that repeat another one's learning rate; name the others.

    With ``paramwise_cfg`` the host makes a group of every parameter.
    """
    names = {parameter: name for name, parameter in runner.model.named_parameters()}
    groups = runner.optim_wrapper.optimizer.param_groups
    alike: dict = {}
    for group in groups:
        alike.setdefault(group['lr'], []).append(group)
    groups[:] = [same[0] for same in alike.values()]
    members = [{names[p] for group in same for p in group['params']} for same in alike.values()]
    return [_label(inside, set(names.values()) - inside) for inside in members]


def _label(inside: set[str], outside: set[str]) -> str:
    """The largest parts of a model that hold these parameters, and none of the others."""
    if not outside:
        return 'all parameters'
    shared = {part for name in outside for part in _parts(name)}
    largest = sorted({next(part for part in _parts(name) if part not in shared) for name in inside})
    rest = len(largest) - _NAMED
    return ', '.join(largest[:_NAMED]) + (f' and {rest} more' if rest > 0 else '')


def _parts(name: str) -> list[str]:
    """``head``, ``head.fc``, ``head.fc.bias`` of ``head.fc.bias``."""
    steps = name.split('.')
    return ['.'.join(steps[:depth]) for depth in range(1, len(steps) + 1)]
