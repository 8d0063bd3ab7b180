"""Trainings of a tiny model that are killed at every instant that matters, against one that is not."""
import os
import shutil
import zipfile

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner

from emonext_mm.engine import EarlyStopping, SafeCheckpointHook
from emonext_mm.utils import files
from emonext_mm.utils.work_dir import best_checkpoint, last_checkpoint, resumable_checkpoint

ACCURACIES = [20.0, 50.0, 40.0, 60.0, 55.0]  # after each epoch


class Killed(BaseException):
    pass


class Clock:
    """Counts the instants at which a kill may come, and kills at one of them."""

    def __init__(self, kill_at=None):
        self.instants, self.kill_at = [], kill_at

    def tick(self, name):
        self.instants.append(name)
        if len(self.instants) - 1 == self.kill_at:
            raise Killed(name)


class Ticks(Hook):
    priority = 'VERY_HIGH'

    def __init__(self, clock):
        self.clock = clock

    def after_train_iter(self, runner, batch_idx, **kwargs):
        if batch_idx == 1:
            self.clock.tick(f'step of epoch {runner.epoch + 1}')

    def before_val_epoch(self, runner):
        self.clock.tick(f'validation {runner.epoch}')


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, inputs, mode):
        output = self.layer(torch.stack(inputs) if isinstance(inputs, list) else inputs)
        return dict(loss=(output - 1).square().mean()) if mode == 'loss' else output


class Accuracy(BaseMetric):
    def __init__(self, runner):
        super().__init__()
        self.runner = runner

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return {'accuracy/top1': ACCURACIES[self.runner[0].epoch - 1]}


def train(work_dir, clock, monkeypatch, resumed=None, log_level='ERROR', **options):
    """Train five epochs, on from where a training in the folder has stopped."""
    runner = []
    data = [dict(inputs=x) for x in torch.randn(8, 3, generator=torch.Generator().manual_seed(0))]
    loader = dict(dataset=data, batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True))
    found = resumed or resumable_checkpoint(work_dir)
    torch.manual_seed(0)
    runner.append(Runner(
        Model(), str(work_dir), train_dataloader=loader, val_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=5, val_interval=1), val_cfg=dict(), val_evaluator=[Accuracy(runner)],
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        param_scheduler=dict(type='ReduceOnPlateauLR', monitor='accuracy/top1', rule='greater', factor=0.5, patience=0),
        default_hooks=dict(checkpoint=SafeCheckpointHook(
            interval=1, max_keep_ckpts=2, save_best='accuracy/top1', rule='greater', **options)),
        custom_hooks=[EarlyStopping(patience=4), Ticks(clock)], resume=found is not None,
        load_from=found and str(found), randomness=dict(seed=0), experiment_name=f'it_{os.urandom(4).hex()}',
        log_level=log_level, default_scope='mmpretrain'))
    with monkeypatch.context() as patch:
        for module, name in ((files.os, 'replace'), (os, 'remove')):
            act = getattr(module, name)

            def ticking(path, *rest, act=act, name=name):
                is_ours = str(path).startswith(str(work_dir))
                if is_ours:
                    clock.tick(f'before {name} {os.path.basename(rest[0] if rest else path)}')
                act(path, *rest)
                if is_ours:
                    clock.tick(f'after {name}')

            patch.setattr(module, name, ticking)
        runner[0].train()


def state(work_dir):
    """What a training leaves: content of its last and its best checkpoint, without times and names."""
    paths = last_checkpoint(work_dir), best_checkpoint(work_dir)
    last, best = (torch.load(path, weights_only=False) for path in paths)
    info = last['message_hub']['runtime_info']
    return dict(
        files=sorted(path.name for path in work_dir.glob('*.pth')), epoch=last['meta']['epoch'],
        weights=[last['state_dict'], best['state_dict']], momenta=last['optimizer']['state'],
        rates=last['param_schedulers'], best=info['best_score'], waiting=info['early_stopping'],
        rate=last['optimizer']['param_groups'][0]['lr'], path=os.path.basename(info['best_ckpt']))


def assert_same(found, expected):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            assert_same(found[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for a, b in zip(found, expected):
            assert_same(a, b)
    else:
        assert torch.equal(found, expected) if isinstance(expected, torch.Tensor) else found == expected


@pytest.fixture(scope='module')
def unbroken(tmp_path_factory):
    """State of a training that is not killed, and all its instants."""
    clock, folder = Clock(), tmp_path_factory.mktemp('unbroken')
    with pytest.MonkeyPatch.context() as patch:
        train(folder, clock, patch)
    return state(folder), clock.instants


def test_unbroken(unbroken):
    found, instants = unbroken
    assert found['files'] == ['best_accuracy_top1_epoch_4.pth', 'epoch_4.pth', 'epoch_5.pth']
    assert (found['best'], found['waiting'][1], found['epoch']) == (60.0, 1, 5)
    assert found['rate'] == pytest.approx(0.1 * 0.5)  # after epoch 3
    assert len(instants) > 40


def test_a_kill_at_each_instant(unbroken, tmp_path, monkeypatch):
    """At each instant there is a whole last checkpoint (but before the first), and a whole best one as soon as there
    was one; resumed, the training ends as if nothing had happened."""
    expected, instants = unbroken
    first_saved, first_best = instants.index('after replace'), instants.index('after replace', instants.index(
        'before replace best_accuracy_top1_epoch_1.pth'))
    for number, name in enumerate(instants):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(Killed, match=name.replace('.', r'\.')):
            train(folder, Clock(number), monkeypatch)
        assert all(zipfile.is_zipfile(path) for path in folder.glob('*.pth'))
        assert (resumable_checkpoint(folder) is not None) == (number >= first_saved)
        assert (best_checkpoint(folder) is not None) == (number >= first_best)
        train(folder, Clock(), monkeypatch)
        found = state(folder)
        left = {*found.pop('files')} - {*expected['files']}
        assert len(left) <= 1  # the old file that the kill kept from being removed
        assert_same(found, {key: value for key, value in expected.items() if key != 'files'})
        shutil.rmtree(folder)


def test_killed_again_and_again(unbroken, tmp_path, monkeypatch):
    """Three instants after each start, until it ends."""
    for _ in range(60):
        try:
            train(tmp_path, Clock(5), monkeypatch)
            break
        except Killed:
            pass
    assert_same({**state(tmp_path), 'files': 0}, {**unbroken[0], 'files': 0})


@pytest.mark.parametrize('content', [b'', b'cut'])
def test_a_last_checkpoint_that_is_cut(unbroken, tmp_path, monkeypatch, content):
    """As another program, or another hook, may leave it: the one before is taken, in a moved folder too."""
    with pytest.raises(Killed):
        train(tmp_path / 'a', Clock(unbroken[1].index('step of epoch 4')), monkeypatch)
    shutil.move(tmp_path / 'a', tmp_path / 'moved')
    (tmp_path / 'moved' / 'epoch_3.pth').write_bytes(content)
    assert resumable_checkpoint(tmp_path / 'moved').name == 'epoch_2.pth'
    train(tmp_path / 'moved', Clock(), monkeypatch)
    assert_same({**state(tmp_path / 'moved'), 'files': 0}, {**unbroken[0], 'files': 0})


def test_a_copied_folder_leaves_the_original_alone(unbroken, tmp_path, monkeypatch):
    with pytest.raises(Killed):
        train(tmp_path / 'a', Clock(unbroken[1].index('step of epoch 4')), monkeypatch)
    before = {path.name: path.read_bytes() for path in (tmp_path / 'a').glob('*.pth')}
    shutil.copytree(tmp_path / 'a', tmp_path / 'copy')
    train(tmp_path / 'copy', Clock(), monkeypatch)
    assert_same(state(tmp_path / 'copy'), unbroken[0])
    assert {path.name: path.read_bytes() for path in (tmp_path / 'a').glob('*.pth')} == before


def test_resumed_in_another_folder(unbroken, tmp_path, monkeypatch):
    """The best checkpoint of epoch 4, which no later one replaces, is there too."""
    with pytest.raises(Killed):
        train(tmp_path / 'a', Clock(unbroken[1].index('step of epoch 5')), monkeypatch)
    train(tmp_path / 'b', Clock(), monkeypatch, resumed=tmp_path / 'a' / 'epoch_4.pth')
    assert_same({**state(tmp_path / 'b'), 'files': 0}, {**unbroken[0], 'files': 0})
    assert (tmp_path / 'a' / 'best_accuracy_top1_epoch_4.pth').is_file()


def test_resumed_without_the_best_checkpoint(unbroken, tmp_path, monkeypatch, capfd):
    with pytest.raises(Killed):
        train(tmp_path / 'a', Clock(unbroken[1].index('step of epoch 5')), monkeypatch)
    (tmp_path / 'a' / 'best_accuracy_top1_epoch_4.pth').unlink()
    train(tmp_path / 'b', Clock(), monkeypatch, resumed=tmp_path / 'a' / 'epoch_4.pth', log_level='WARNING')
    assert f'{tmp_path}/a/best_accuracy_top1_epoch_4.pth' in capfd.readouterr().out
    assert best_checkpoint(tmp_path / 'b') is None


def test_other_storage_is_left_to_the_host():
    hook = SafeCheckpointHook(backend_args=dict(backend='local'))
    assert hook.backend_args == dict(backend='local')
