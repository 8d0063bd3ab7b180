import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils._python_dispatch import TorchDispatchMode

from emonext_mm.compat.config import prepare_train
from tests.helpers.host_training import make_config

LOSS = dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.1)
READING = torch.ops.aten._local_scalar_dense.default  # the operator behind item(), float() and bool() of a tensor


def make(folder, interval=100):
    """Config of two epochs of two steps, which logs every ``interval`` steps and at the end of an epoch."""
    cfg = make_config(folder, custom_hooks=[dict(type='EMAHook', ema_type='ForeachEMA', momentum=0.5)])
    cfg.train_cfg.max_epochs = 2
    cfg.model.head.loss = LOSS
    cfg.default_hooks.update(logger=dict(type='LoggerHook', interval=interval), checkpoint=None)
    for split in ('train', 'val'):
        cfg[f'{split}_dataloader'].dataset.serialize_data = False  # saves a garbage collection of 0.3 s
    return cfg


def train(cfg, *hooks, late=True):
    if late:
        cfg.default_hooks.runtime_info = dict(type='LateLosses')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Config, 'pretty_text', '')  # would take as long as the training
        runner = Runner.from_cfg(prepare_train(cfg))
        for hook in hooks:
            runner.register_hook(hook)
        runner.train()
    return runner


def history(runner):
    return {key: values.data[0].tolist() for key, values in runner.message_hub.log_scalars.items()
            if 'time' not in key and 'memory' not in key}


@pytest.fixture(scope='module')
def expected(tmp_path_factory):
    """The log of MMEngine's ``RuntimeInfoHook``."""
    return history(train(make(tmp_path_factory.mktemp('mmengine')), late=False))


@pytest.mark.parametrize('interval', [1, 2, 3])
def test_log_equals_mmengine(tmp_path, expected, interval):
    """Values, number and order, including the norm of the gradients."""
    found = history(train(make(tmp_path, interval)))
    assert found == expected
    assert [key for key in found if key.startswith('train/')] == [key for key in expected if key.startswith('train/')]
    assert len(found['train/loss']) == len(found['train/grad_norm']) == 4


@pytest.mark.parametrize('clip', [dict(type='value', clip_value=0.1), None])
def test_without_gradient_norm(tmp_path, clip):
    cfg = make(tmp_path)
    cfg.optim_wrapper.clip_grad = clip
    found = history(train(cfg))
    assert 'train/grad_norm' not in found
    assert len(found['train/loss']) == 4


class Readings(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += function is READING
        return function(*args, **(kwargs or {}))


class CountReadings(Hook):
    """Count how often each step reads a tensor, from its start to the end of all hooks."""

    priority = 'LOWEST'

    def __init__(self):
        self.counts = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.mode = Readings()
        self.mode.__enter__()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.mode.__exit__(None, None, None)
        self.counts.append(self.mode.count)


@pytest.mark.parametrize(('late', 'least', 'most'), [(True, 1, 1), (False, 4, 100)])
def test_readings_in_a_step(tmp_path, late, least, most, monkeypatch):
    """With all components: STN, view, SE, regulariser, label smoothing, clipping and EMA.

    The one reading is that of the EMA's counter, which is on the CPU. As long as MMEngine's hook reads more,
    ``LateLosses`` is needed. The regulariser is that of a GPU.
    """
    monkeypatch.setattr('emonext_mm.models.layers.self_attention.TERMS', {})
    cfg = make(tmp_path)
    view = dict(type='AffineView', size=32, degrees=10, flip=0.5)
    cfg.data_preprocessor.update(type='STNDataPreprocessor', localization_size=32, view=view)
    cfg.model.backbone.type = 'EmoNeXt'
    cfg.model.head.type = 'SARegClsHead'
    cfg.optim_wrapper.optimizer.fused = True
    counter = CountReadings()
    train(cfg, counter, late=late)
    assert len(counter.counts) == 4
    assert least <= min(counter.counts) <= max(counter.counts) <= most
