"""Trainings of a tiny model that stop between two steps; ``tests.faults`` stops trainings of tools/train.py."""
import os
import signal

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner

from emonext_mm.engine.hooks import InterruptHook, SafeCheckpointHook, StepSeedHook
from emonext_mm.utils.interrupt import Interrupted, StopRequest
from emonext_mm.utils.work_dir import last_checkpoint, resumable_checkpoint

BY_EPOCH = dict(by_epoch=True, max_epochs=3, val_interval=1)
BY_ITER = dict(by_epoch=False, max_iters=12, val_interval=4)


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, inputs, mode):
        output = self.layer(torch.stack(inputs) if isinstance(inputs, list) else inputs)
        return dict(loss=(output - torch.rand_like(output)).square().mean()) if mode == 'loss' else output


class Chance(torch.utils.data.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return dict(inputs=torch.full((3, ), float(index)) + torch.rand(3))


class Nothing(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return {'accuracy': 1.0}


class Signal(Hook):
    """The request comes in a step or in a validation: ``step 5``, ``val 2``."""

    def __init__(self, request, at):
        self.request, self.at = request, at

    def tell(self, name):
        if name == self.at:
            self.request.number = signal.SIGTERM

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.tell(f'step {runner.iter + 1}')

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        self.tell(f'val {runner.epoch}')


def train(work_dir, at=None, loop=BY_EPOCH, batch_size=2, accumulative_counts=1, checkpoint=None, **options):
    found, request = resumable_checkpoint(work_dir), StopRequest()
    loader = dict(dataset=Chance(), batch_size=batch_size, num_workers=0,
                  sampler=dict(type='DefaultSampler' if loop['by_epoch'] else 'InfiniteSampler', shuffle=True))
    test = dict(dataset=Chance(), batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
    torch.manual_seed(0)
    model = Model()
    runner = Runner(
        model, str(work_dir), train_dataloader=loader, val_dataloader=test, train_cfg=dict(loop), val_cfg=dict(),
        val_evaluator=[Nothing()],
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.1), accumulative_counts=accumulative_counts),
        default_hooks=dict(checkpoint=SafeCheckpointHook(
            by_epoch=loop['by_epoch'], **(checkpoint or dict(interval=1 if loop['by_epoch'] else 4)))),
        custom_hooks=[Signal(request, at), StepSeedHook(), InterruptHook(request)], resume=found is not None,
        load_from=found and str(found), randomness=dict(seed=0), experiment_name=f'it_{os.urandom(4).hex()}',
        log_level='ERROR', default_scope='mmpretrain', **options)
    runner.train()
    return {key: value.clone() for key, value in model.state_dict().items()}


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(('at', 'saved'), [
    ('step 1', 'epoch_0_iter_1.pth'), ('step 3', 'epoch_0_iter_3.pth'), ('step 4', 'epoch_1.pth'),
    ('val 1', 'epoch_1.pth'), ('step 10', 'epoch_2_iter_10.pth'), ('step 12', 'epoch_3.pth'), ('val 3', 'epoch_3.pth'),
])
def test_epochs(tmp_path, at, saved):
    """The process itself loads the data and draws random numbers for them."""
    expected = train(tmp_path / 'unbroken')
    with pytest.raises(Interrupted, match='SIGTERM'):
        train(tmp_path / 'stopped', at)
    assert last_checkpoint(tmp_path / 'stopped').name == saved
    assert_same(train(tmp_path / 'stopped'), expected)


def test_stopped_twice_in_an_epoch(tmp_path):
    expected = train(tmp_path / 'unbroken')
    for at in ('step 6', 'step 7'):
        with pytest.raises(Interrupted):
            train(tmp_path / 'stopped', at)
    assert last_checkpoint(tmp_path / 'stopped').name == 'epoch_1_iter_7.pth'
    assert_same(train(tmp_path / 'stopped'), expected)


@pytest.mark.parametrize(('at', 'saved'), [
    ('step 3', 'iter_3.pth'), ('step 4', 'iter_4.pth'), ('step 11', 'iter_11.pth'),
])
def test_iterations(tmp_path, at, saved):
    expected = train(tmp_path / 'unbroken', loop=BY_ITER)
    with pytest.raises(Interrupted):
        train(tmp_path / 'stopped', at, loop=BY_ITER)
    assert last_checkpoint(tmp_path / 'stopped').name == saved
    assert_same(train(tmp_path / 'stopped', loop=BY_ITER), expected)


@pytest.mark.parametrize(('options', 'at', 'saved'), [
    (dict(accumulative_counts=2), 'step 5', 'epoch_1_iter_6.pth'),  # accumulated gradients are used first
    (dict(checkpoint=dict(interval=3)), 'val 2', 'epoch_2.pth'),  # an epoch that is not saved is validated first
])
def test_what_is_done_before_the_stop(tmp_path, options, at, saved):
    expected = train(tmp_path / 'unbroken', **options)
    with pytest.raises(Interrupted):
        train(tmp_path / 'stopped', at, **options)
    assert last_checkpoint(tmp_path / 'stopped').name == saved
    assert_same(train(tmp_path / 'stopped', **options), expected)


def test_with_another_batch_size_the_epoch_is_done_anew(tmp_path):
    with pytest.raises(Interrupted):
        train(tmp_path, 'step 6')
    train(tmp_path, batch_size=4)
    checkpoint = torch.load(tmp_path / 'epoch_3.pth', weights_only=False)
    assert checkpoint['meta']['iter'] == 4 + 2 + 2  # steps of the first epoch, then those of larger batches


def test_without_checkpoints_nothing_is_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(InterruptHook, '_checkpoint_hook', staticmethod(lambda runner: None))
    with pytest.raises(Interrupted):
        train(tmp_path, 'step 2')
    assert list(tmp_path.glob('*.pth')) == []
