import copy
import json
import platform
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.engine import EMAHook

from emonext_mm.compat import config
from emonext_mm.utils.plain import to_plain
from tests.helpers.host_training import make_config, with_tta
from tests.helpers.marks import ON_CPU


@pytest.mark.skipif(not (sys.platform == 'linux' and platform.machine() == 'x86_64'), reason='reads the flags of x86')
def test_cpu_with_bfloat16():
    """oneDNN's answer agrees with the instructions that Linux lists."""
    flags = Path('/proc/cpuinfo').read_text()
    assert config.has_bfloat16() == (' avx512bw' in flags or ' avx_ne_convert' in flags)


@pytest.fixture
def logged(monkeypatch):
    """The lines that a function of ``compat.config`` logs."""
    lines = []
    monkeypatch.setattr(config, 'print_log', lambda text, logger: lines.append(text))
    return lines


@ON_CPU
class TestAdaptAmp:
    @pytest.fixture(autouse=True)
    def _cpu_with_bfloat16(self, monkeypatch):
        monkeypatch.setattr(config, 'has_bfloat16', lambda: True)

    def test_cpu_without_bfloat16_gets_float32(self, monkeypatch, logged):
        monkeypatch.setattr(config, 'has_bfloat16', lambda: False)
        cfg = make_config('x')
        adapted = config.adapt_amp(cfg).optim_wrapper
        assert adapted == {**{k: v for k, v in cfg.optim_wrapper.items() if k != 'dtype'}, 'type': 'OptimWrapper'}
        assert len(logged) == 1
        assert 'float32' in logged[0]

    def test_keeps_everything_that_does_not_concern_the_scaler(self):
        cfg = make_config('x')
        cfg.optim_wrapper.update(type='mmengine.AmpOptimWrapper', loss_scale=512.0, accumulative_counts=3)
        given = copy.deepcopy(cfg.optim_wrapper)
        adapted = config.adapt_amp(cfg).optim_wrapper
        assert adapted.pop('type') == 'CpuAmpOptimWrapper'
        assert set(adapted) == set(given) - {'type', 'dtype', 'loss_scale'}
        assert all(adapted[key] == given[key] for key in adapted)
        assert cfg.optim_wrapper == given, 'the argument was changed'

    @pytest.mark.parametrize(('dtype', 'lines'), [('float16', 1), (None, 1), ('bfloat16', 0), (torch.bfloat16, 0)])
    def test_reports_a_change_of_dtype(self, logged, dtype, lines):
        cfg = make_config('x')
        cfg.optim_wrapper.dtype = dtype
        config.adapt_amp(cfg)
        assert len(logged) == lines
        assert all('bfloat16' in line and 'not in float16' in line for line in logged)

    def test_leaves_full_precision_alone(self):
        cfg = make_config('x', optim_wrapper={'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': 0.1}})
        assert config.adapt_amp(cfg).optim_wrapper == cfg.optim_wrapper


@ON_CPU
@pytest.mark.parametrize('tta', [False, True])
def test_half_precision_test_run(trained, tmp_path, tta):
    """``test.py --amp [--tta]`` on a CPU, from a training checkpoint with EMA, to metrics that JSON can hold."""
    cfg = make_config(tmp_path, load_from=str(trained / 'epoch_1.pth'), test_cfg={'fp16': True})
    runner = Runner.from_cfg(config.prepare_test(with_tta(cfg) if tta else cfg))
    dtypes = set()
    model = runner.model.module if tta else runner.model
    model.head.fc.register_forward_hook(lambda module, inputs, output: dtypes.add(output.dtype))
    metrics = to_plain(runner.test())
    assert dtypes == {torch.bfloat16}
    assert set(json.loads(json.dumps(metrics))) == {'accuracy/top1', 'confusion_matrix/result'}
    assert np.sum(metrics['confusion_matrix/result']) == 8


def test_drop_ema_hook():
    raw = {'type': 'EMAHook', 'evaluate_on_ema': False}
    others = [{'type': 'EmptyCacheHook'}, {'type': 'PreciseBNHook'}, raw]
    emas = [{'type': 'EMAHook'}, {'type': 'mmengine.EMAHook'}, {'type': EMAHook}, EMAHook()]
    cfg = Config({'custom_hooks': [emas[0], *others, *emas[1:3]]})
    assert config.drop_ema_hook(cfg).custom_hooks == others
    assert len(cfg.custom_hooks) == 6, 'the argument was changed'
    assert config.drop_ema_hook(Config({})).custom_hooks == []


@ON_CPU
class TestAdaptDist:
    def test_leaves_a_single_process_alone(self):
        assert 'model_wrapper_cfg' not in config.adapt_dist(make_config('x'))

    def test_takes_the_devices_out(self):
        cfg = make_config('x', launcher='pytorch', find_unused_parameters=True)
        assert config.adapt_dist(cfg).model_wrapper_cfg == {
            'type': 'MMDistributedDataParallel',
            'device_ids': None,
            'broadcast_buffers': False,
            'find_unused_parameters': True,
        }

    def test_keeps_the_users_options(self):
        given = {'broadcast_buffers': True, 'static_graph': True}
        wrapper = config.adapt_dist(make_config('x', launcher='pytorch', model_wrapper_cfg=given)).model_wrapper_cfg
        assert wrapper == {'type': 'MMDistributedDataParallel', 'device_ids': None, **given}


def test_fix_dataloaders():
    cfg = make_config('x')
    cfg.train_dataloader.update(num_workers=2, prefetch_factor=3)
    cfg.val_dataloader.prefetch_factor = 3
    cfg.test_dataloader = None
    fixed = config.fix_dataloaders(cfg)
    assert fixed.train_dataloader.persistent_workers
    assert fixed.train_dataloader.prefetch_factor == 3
    assert not fixed.val_dataloader.persistent_workers
    assert 'prefetch_factor' not in fixed.val_dataloader
    assert fixed.train_dataloader.pin_memory == torch.cuda.is_available()
    assert cfg.val_dataloader.persistent_workers, 'the argument was changed'


def test_end_workers():
    cfg = make_config('x')
    assert cfg.test_dataloader.persistent_workers
    assert not config.prepare_test(cfg).test_dataloader.persistent_workers
    assert config.end_workers(Config(dict(test_dataloader=None))).test_dataloader is None


@pytest.mark.parametrize(('given', 'built'), [
    ('TensorboardVisBackend', [dict(type='TensorboardVisBackend')]),
    (['LocalVisBackend', dict(type='WandbVisBackend', init_kwargs=dict(project='faces'))],
     [dict(type='LocalVisBackend'), dict(type='WandbVisBackend', init_kwargs=dict(project='faces'))]),
    (dict(type='LocalVisBackend'), [dict(type='LocalVisBackend')]),
])
def test_build_named_backends(given, built):
    cfg = make_config('x', visualizer=dict(type='UniversalVisualizer', vis_backends=given))
    for prepare in (config.build_named_backends, config.prepare_train, config.prepare_test):
        assert prepare(cfg).visualizer == dict(type='UniversalVisualizer', vis_backends=built)
    assert cfg.visualizer.vis_backends == given, 'the argument was changed'


@pytest.mark.parametrize('visualizer', [None, dict(type='UniversalVisualizer')])
def test_no_backends_to_build(visualizer):
    assert config.build_named_backends(make_config('x', visualizer=visualizer)).visualizer == visualizer


def test_unknown_backend():
    cfg = make_config('x', visualizer=dict(vis_backends='TensorBoard'))
    with pytest.raises(ValueError, match=r'unknown .*TensorBoard; .*TensorboardVisBackend'):
        config.build_named_backends(cfg)
