import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils._python_dispatch import TorchDispatchMode

from emonext_mm.compat.config import prepare_train
from tests.helpers.host_training import make_config

SMOOTH = dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original')
READING = torch.ops.aten._local_scalar_dense.default  # what item(), float() and bool() of a tensor come down to


def make(folder, interval, **options):
    """A runner of two epochs of two steps, which logs every ``interval`` steps."""
    cfg = make_config(folder, custom_hooks=[dict(type='EMAHook', ema_type='ForeachEMA', momentum=0.5)], **options)
    cfg.experiment_name = str(folder)  # logs are kept by this name, and by default it is the second
    cfg.train_cfg.max_epochs = 2
    cfg.model.head.loss = SMOOTH
    cfg.default_hooks.logger.interval = interval
    return cfg


def train(cfg, late=True):
    if late:
        cfg.default_hooks.runtime_info = dict(type='LateLosses')
    runner = Runner.from_cfg(prepare_train(cfg))
    runner.train()
    return runner


def history(runner):
    return {key: values.data[0].tolist() for key, values in runner.message_hub.log_scalars.items()
            if 'time' not in key and 'memory' not in key}


@pytest.mark.parametrize('interval', [1, 2, 3])
def test_the_log_is_the_hosts(tmp_path, interval):
    """In values, in number and in order; the norm of the gradients too."""
    found = history(train(make(tmp_path / 'ours', interval)))
    expected = history(train(make(tmp_path / 'hosts', interval), late=False))
    assert found == expected
    assert [key for key in found if key.startswith('train/')] == [key for key in expected if key.startswith('train/')]
    assert len(found['train/loss']) == len(found['train/grad_norm']) == 4


@pytest.mark.parametrize('clip', [dict(type='value', clip_value=0.1), None])
def test_without_a_norm(tmp_path, clip):
    cfg = make(tmp_path, 2)
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
    """How often a step reads a tensor, from the start of the step to the end of all hooks."""

    priority = 'LOWEST'

    def __init__(self):
        self.counts = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.mode = Readings()
        self.mode.__enter__()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.mode.__exit__(None, None, None)
        self.counts.append(self.mode.count)


def count_readings(cfg, late):
    cfg.optim_wrapper.optimizer.fused = True
    if late:
        cfg.default_hooks.runtime_info = dict(type='LateLosses')
    runner = Runner.from_cfg(prepare_train(cfg))
    counter = CountReadings()
    runner.register_hook(counter)
    runner.train()
    return counter.counts


@pytest.fixture
def whole(tmp_path):
    """STN, view, SE and regulariser, label smoothing, clipping and EMA."""
    cfg = make(tmp_path, 100)
    view = dict(type='AffineView', size=32, degrees=10, flip=0.5)
    cfg.data_preprocessor.update(type='STNDataPreprocessor', localization_size=32, view=view)
    cfg.model.backbone.type = 'EmoNeXt'
    cfg.model.head.type = 'SARegClsHead'
    return cfg


def test_no_step_reads_a_tensor_of_the_device(whole):
    """What is read once a step is the EMA's counter, which is with the host (see test_averaging)."""
    assert count_readings(whole, late=True) == [1, 1, 1, 1]


def test_each_step_of_the_host_reads_some(whole):
    """When this fails, the host does not need us any more."""
    assert min(count_readings(whole, late=False)) >= 4
