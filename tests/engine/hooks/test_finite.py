"""Trainings whose loss is not finite; validations, tests and checkpoints of weights that are not."""
import json
import math
import re
from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmpretrain.structures import DataSample
from torch import nn

from emonext_mm.datasets import SyntheticFER
from emonext_mm.engine.hooks import FiniteHook
from emonext_mm.engine.hooks import finite as module

NAN = float('nan')


class Amp(AmpOptimWrapper):
    """With a scaler, without a GPU."""

    def __init__(self):
        self.loss_scaler = SimpleNamespace(is_enabled=lambda: True)


class Loader(list):
    """Of 100 batches, of two of twenty faces each."""

    def __init__(self):
        super().__init__([None] * 100)
        self.dataset = SyntheticFER(20)


def run(losses, wrapper=None, interval=1):
    """Give losses to a hook, one after the other; return it and the runner."""
    model = nn.Linear(1, 1)
    runner = SimpleNamespace(model=model, hooks=[], iter=0, train_dataloader=Loader(),
                             optim_wrapper=wrapper or OptimWrapper(torch.optim.SGD(model.parameters(), lr=1)))
    hook = FiniteHook()
    hook.before_train(runner)
    hook._interval = interval
    for runner.iter, loss in enumerate(losses):
        samples = [DataSample(metainfo=dict(sample_idx=(2 * runner.iter + i) % 20)) for i in range(2)]
        outputs = {'loss': torch.tensor(loss), 'loss_sa': torch.tensor(0.5), 'variance': torch.tensor(NAN)}
        hook.after_train_iter(runner, runner.iter, {'data_samples': samples}, outputs)
    return hook, runner


@pytest.mark.parametrize('bad', [NAN, math.inf, -math.inf])
def test_stops_at_the_first_loss(bad):
    with pytest.raises(FloatingPointError, match=rf'iteration 3: loss {bad}, loss_sa 0\.5.*: train_4, train_5$'):
        run([1.0, 2.0, bad, 1.0])
    run([1.0, 2.0, 3.0])  # what is no loss does not count


def test_on_a_gpu_it_is_found_at_the_next_log_line():
    """Each reading waits for the GPU."""
    hook, _ = run([1.0, NAN, NAN, NAN], interval=5)
    assert len(hook._steps) == 4
    with pytest.raises(FloatingPointError, match=r'iteration 2: .*: train_2, train_3$'):
        run([1.0, NAN, NAN, NAN, 1.0], interval=5)


@pytest.mark.parametrize('save', ['before_save_checkpoint', 'before_val_epoch'])
def test_on_a_gpu_it_is_found_before_anything_is_saved(save):
    hook, runner = run([1.0, NAN], interval=5)
    arguments = [{'state_dict': runner.model.state_dict()}] if save == 'before_save_checkpoint' else []
    with pytest.raises(FloatingPointError, match='iteration 2'):
        getattr(hook, save)(runner, *arguments)


def test_an_overflow_under_a_scaler_is_skipped():
    run([1.0, NAN, 2.0, *[math.inf] * (module.OVERFLOWS - 1), 1.0, NAN], Amp())
    with pytest.raises(FloatingPointError, match=rf'iteration 2 and in the {module.OVERFLOWS - 1} after it'):
        run([1.0, *[NAN] * module.OVERFLOWS], Amp())


def test_weights_that_are_not_finite_are_not_saved():
    hook, runner = run([1.0])
    hook.before_save_checkpoint(runner, {'state_dict': runner.model.state_dict()})
    with torch.no_grad():
        runner.model.bias.fill_(NAN)
    with pytest.raises(FloatingPointError, match=r'iteration 0 nothing was saved: .*bias'):
        hook.before_save_checkpoint(runner, {'state_dict': runner.model.state_dict()})


def test_metrics_that_are_not_finite():
    FiniteHook().after_test_epoch(None, {'a': 1.0, 'matrix': torch.ones(2, 2).long(), 'text': 'x', 'b': None})
    for value in (NAN, torch.tensor([1.0, NAN])):
        with pytest.raises(FloatingPointError, match='metric a/b'):
            FiniteHook().after_test_epoch(None, {'a/b': value})


def test_a_training_that_diverges(config, error_of, tmp_path):
    """The first step spoils the weights. Nothing of it is kept, and no NaN is written."""
    message = error_of('train.py', config.with_name('full_precision.py'), '--work-dir', tmp_path, '--cfg-options',
                       'optim_wrapper.optimizer.lr=1e20', 'optim_wrapper.clip_grad=None')
    assert re.search(r'iteration \d+: loss (nan|inf).*loss_sa .*: train_\d+(, train_\d+){13}$', message)
    assert not list(tmp_path.glob('*.pth'))
    for path in tmp_path.rglob('*.json'):
        for line in path.read_text().splitlines():
            json.loads(line, parse_constant=pytest.fail)


def test_the_last_good_checkpoints_are_kept(config, error_of, tmp_path):
    message = error_of('train.py', config, '--work-dir', tmp_path, '--cfg-options',
                       'custom_hooks.1.spoil_after_iter=14')
    assert 'iteration 15' in message
    assert {path.name for path in tmp_path.glob('*.pth')} == {'epoch_1.pth', 'best_accuracy_top1_epoch_1.pth'}
    for path in tmp_path.glob('*.pth'):
        weights = torch.load(path, weights_only=True)['state_dict']
        assert all(value.isfinite().all() for value in weights.values())


def test_a_test_of_scores_that_are_not_finite(config, error_of, trained, tmp_path):
    """Weights that are finite may give scores that are not."""
    content = torch.load(trained / 'epoch_2.pth', weights_only=True)
    content['state_dict']['head.fc.weight'].fill_(3e38)
    content['state_dict']['backbone.norm3.weight'] *= 1000
    torch.save(content, tmp_path / 'it.pth')
    for options in ([], ['--tta'], ['--out', tmp_path / 'it.json'], ['--cfg-options', 'test_evaluator=[]']):
        message = error_of('test.py', config, tmp_path / 'it.pth', '--work-dir', tmp_path / 'work', *options)
        assert 'test_0' in message
    assert not list(tmp_path.rglob('*.json'))
