"""Every trap of ``emonext_mm.host``, on the plain host and on the host with the fixes in.

This file is also a script: ``python test_host.py plain`` and ``... patched`` meet every trap once and print
which of them bite. On the patched host none may; where one does not bite the plain host either, its test is
skipped with the advice to delete the fix. ``... rank`` is one process of the distributed test.
"""

import contextlib
import copy
import importlib.metadata
import importlib.util
import json
import logging
import os
import pickle
import platform
import re
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

MODE = sys.argv[1] if __name__ == '__main__' else 'tests'
if MODE != 'plain':
    from emonext_mm import host

    host.apply()

import mmcv  # noqa: E402
import mmengine  # noqa: E402
from mmcv.transforms import BaseTransform  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.dataset import BaseDataset  # noqa: E402
from mmengine.logging import HistoryBuffer, MMLogger  # noqa: E402
from mmengine.model import MMDistributedDataParallel  # noqa: E402
from mmengine.optim import AmpOptimWrapper  # noqa: E402
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint  # noqa: E402
from mmpretrain.engine import VisualizationHook  # noqa: E402
from mmpretrain.models.backbones.convnext import ConvNeXtBlock  # noqa: E402
from mmpretrain.models.losses.utils import convert_to_one_hot  # noqa: E402
from mmpretrain.registry import DATASETS, MODELS, TRANSFORMS  # noqa: E402
from mmpretrain.structures import DataSample  # noqa: E402
from mmpretrain.visualization import UniversalVisualizer  # noqa: E402

from tests.helpers.host_training import free_port, make_config, with_tta  # noqa: E402

ON_CPU = pytest.mark.skipif(torch.cuda.is_available(), reason='a trap of machines without a GPU')


class Call:
    """Pickles as a call: whoever unpickles it without restriction makes the call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def evil(path, marker):
    torch.save({'state_dict': {'weight': torch.zeros(1)}, 'extra': Call(os.system, f'touch {marker}')}, path)
    return path


# ------------------------------------------------------------------------------- every trap, once (script)


def prepared(cfg, phase):
    """A config as the tools get it ready; on the plain host, the bare minimum that lets it run at all."""
    if MODE == 'patched':
        return getattr(host, f'prepare_{phase}')(cfg)
    cfg.optim_wrapper = {'type': 'OptimWrapper', 'optimizer': cfg.optim_wrapper.optimizer}
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].persistent_workers = False
    return cfg


def raises(action, *errors):
    try:
        action()
    except errors:
        return True
    return False


def runs_code(folder, name, source):
    with contextlib.suppress(Exception):
        CheckpointLoader.load_checkpoint(str(source))
    return (folder / f'{name}-was-here').exists()


def trap_scope_bases(folder):
    (folder / 'cfg.py').write_text("_base_ = 'mmpretrain::resnet/resnet18_8xb32_in1k.py'\n")
    return raises(lambda: Config.fromfile(folder / 'cfg.py'), ModuleNotFoundError)


def trap_checkpoint_types(folder):
    load = CheckpointLoader.load_checkpoint
    return raises(lambda: load(str(folder / 'epoch_1.pth')), pickle.UnpicklingError, RuntimeError)


def trap_code_from_url(folder):
    cache = folder / 'hub' / 'checkpoints'  # torch.hub does not download what lies there
    cache.mkdir(parents=True)
    evil(cache / 'evil.pth', folder / 'url-was-here')
    torch.hub.set_dir(folder / 'hub')
    return runs_code(folder, 'url', 'http://localhost/evil.pth')


def trap_code_by_environment(folder):
    os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '1'
    try:
        return runs_code(folder, 'env', evil(folder / 'evil.pth', folder / 'env-was-here'))
    finally:
        del os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD']


def trap_foreign_weights(folder):
    torch.save({'state_dict': {'other.weight': torch.zeros(3)}}, folder / 'foreign.pth')
    return not raises(lambda: load_checkpoint(nn.Linear(2, 2), str(folder / 'foreign.pth')), RuntimeError)


def trap_ema_under_tta(folder):
    checkpoint = torch.load(folder / 'epoch_1.pth', weights_only=False)  # ours, from this very process
    weights = checkpoint['state_dict']
    kept = {key: checkpoint[key] for key in ('state_dict', 'ema_state_dict')}
    torch.save({'meta': {}, **kept}, folder / 'weights.pth')
    cfg = with_tta(make_config(folder, load_from=str(folder / 'weights.pth')))
    runner = Runner.from_cfg(prepared(cfg, 'test'))
    tested = {}
    step = runner.model.test_step
    runner.model.test_step = lambda data: (
        tested.update(copy.deepcopy(runner.model.state_dict())) or step(data)
    )
    runner.test()
    return any(not torch.equal(tested[f'module.{key}'], value) for key, value in weights.items())


def trap_amp_on_cpu(folder):
    cfg = make_config(folder)
    wrapper = (host.adapt_amp(cfg) if MODE == 'patched' else cfg).optim_wrapper
    runner = Runner.from_cfg(prepared(make_config(folder), 'train'))
    return raises(lambda: runner.build_optim_wrapper(wrapper), AssertionError)


def trap_persistent_workers(folder):
    cfg = make_config(folder)
    loader = (host.fix_dataloaders(cfg) if MODE == 'patched' else cfg).val_dataloader
    return raises(lambda: Runner.build_dataloader(loader), ValueError)


def trap_backends_named_on_the_command_line(folder):
    cfg = make_config(folder, visualizer={'vis_backends': ['LocalVisBackend', 'TensorboardVisBackend']})
    backends = (host.build_named_backends(cfg) if MODE == 'patched' else cfg).visualizer.vis_backends
    return raises(lambda: UniversalVisualizer(vis_backends=backends, save_dir=str(folder)), TypeError)


def trap_metrics_to_json(folder):
    metrics = {'confusion_matrix/result': torch.ones(2, 2)}
    metrics = host.to_plain(metrics) if MODE == 'patched' else metrics
    return raises(lambda: mmengine.dump(metrics, str(folder / 'metrics.json')), TypeError)


def trap_hue(folder):
    image = np.zeros((2, 2, 3), np.uint8)
    return any(raises(lambda b=b: mmcv.adjust_hue(image, -0.1, b), OverflowError) for b in ('cv2', 'pillow'))


def trap_grey_drawn_in_colours(folder):
    visualizer = UniversalVisualizer()
    visualizer.set_image(np.arange(64, dtype=np.uint8).reshape(8, 8, 1))
    image = visualizer.get_image()
    return bool((image[..., 0] != image[..., 2]).any())


def trap_views_drawn(folder):
    """Two images in three views each, as test-time augmentation has them."""
    UniversalVisualizer.get_instance('views')
    hook = VisualizationHook(enable=True, interval=1, out_dir=str(folder / 'shown'))
    samples = [DataSample().set_gt_label(0).set_pred_label(0) for _ in range(2)]
    views = {'inputs': [torch.zeros(2, 3, 48, 48, dtype=torch.uint8)] * 3}
    fails = raises(lambda: hook._draw_samples(0, views, samples), RuntimeError)
    return fails or len(list((folder / 'shown').iterdir())) != 2


def trap_reentrant_checkpoint(folder):
    """Of a block that is recomputed, ``torch.autograd.grad`` wants the gradient."""
    block, images = ConvNeXtBlock(4, with_cp=True), torch.rand(1, 4, 8, 8, requires_grad=True)
    return raises(lambda: torch.autograd.grad(block(images).sum(), images), RuntimeError)


def trap_cpu_launcher(folder):
    """A distributed world of one process."""
    os.environ.update(
        RANK='0', LOCAL_RANK='0', WORLD_SIZE='1', MASTER_ADDR='localhost', MASTER_PORT=free_port()
    )
    return raises(lambda: mmengine.dist.init_dist('pytorch', backend='nccl'), RuntimeError, AssertionError)


def trap_cpu_wrapper(folder):
    """The same world: it must be the last trap."""
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    MMDistributedDataParallel(
        nn.Linear(2, 2), broadcast_buffers=False
    )  # as the host does on GPUs, for its warning
    cfg = prepared(make_config(folder, launcher='pytorch'), 'train')
    return raises(lambda: Runner.from_cfg(cfg), ValueError)


TRAPS = {name[5:]: function for name, function in list(globals().items()) if name.startswith('trap_')}
WARNINGS = {  # each of host._HARMLESS_*, and one that fix_dataloaders avoids, by a piece of the text
    'no CUDA ops': 'Fail to import ``MultiScaleDeformableAttention``',
    'pillow alpha': "Only use 'alpha' for pillow backend.",
    'GradScaler': '`torch.cuda.amp.GradScaler(args...)` is deprecated',
    'FileClient': '"FileClient" will be deprecated in future',
    'HardDiskBackend': '"HardDiskBackend" is the alias of "LocalBackend"',
    'DumpResults': 'The prefix is not set in metric class DumpResults.',
    'broadcast_buffers': '`broadcast_buffers` is deprecated',
    'pin_memory': "'pin_memory' argument is set as true",
}


UNRELATED = {
    'mmcv.image.photometric': 'an unrelated warning of MMCV',
    'elsewhere': "Only use 'alpha' for pillow backend.",
}


def main(folder):
    """Trains, which shows every warning on stderr, then meets every trap; prints the verdicts as JSON."""
    from mmengine.evaluator import DumpResults

    Runner.from_cfg(prepared(make_config(folder), 'train')).train()
    DumpResults(out_file_path='x.pkl')
    # the warning of a CUDA machine, raised where the host raises it
    eval('GradScaler()', vars(sys.modules[AmpOptimWrapper.__module__]))
    # not to be silenced: another text from the same module, a known text from another module
    for module, text in UNRELATED.items():
        warn = compile(f'warnings.warn("{text}")', 'elsewhere.py', 'eval')
        eval(warn, {'warnings': warnings, '__name__': module})
    MMLogger.get_current_instance().warning('an unrelated line of the log')
    return {name: bool(trap(folder)) for name, trap in TRAPS.items()}


def train_as_one_rank(folder):
    runner = Runner.from_cfg(host.prepare_train(make_config(folder, launcher='pytorch')))
    runner.train()
    weights = torch.cat([p.detach().flatten() for p in runner.model.parameters()])
    everyone = mmengine.dist.all_gather(weights)
    assert len(everyone) == 2, everyone
    assert torch.equal(*everyone), 'the two processes hold different weights'
    assert runner.iter == 1, runner.iter  # eight images, four a process


if __name__ == '__main__':
    if MODE == 'rank':
        train_as_one_rank(Path(sys.argv[2]))
    else:
        print('\n' + json.dumps(main(Path(sys.argv[2]))))
    sys.exit()


# -------------------------------------------------------------------------------------------------- tests


def run_self(mode, folder, *envs, timeout=240):
    """Runs this file as a script, one process an environment, and returns what they printed."""
    path = os.pathsep.join([str(Path(host.__file__).parents[1]), os.environ.get('PYTHONPATH', '')])
    base = {**os.environ, 'PYTHONPATH': path, 'PYTHONWARNINGS': 'default', 'OMP_NUM_THREADS': '1'}
    logs = [
        folder / f'{i}.txt' for i in range(len(envs))
    ]  # files: a full pipe would block a rank, and so all
    runs = []
    try:
        for log, env in zip(logs, envs):
            with log.open('w') as out:
                command = [sys.executable, __file__, mode, str(folder)]
                run = subprocess.Popen(command, env={**base, **env}, stdout=out, stderr=subprocess.STDOUT)
            runs.append(run)
        codes = [run.wait(timeout) for run in runs]
    finally:
        for run in runs:
            run.kill()
    outputs = [log.read_text() for log in logs]
    assert not any(codes), '\n'.join(outputs)
    return outputs


@pytest.fixture(scope='module')
def met(tmp_path_factory):
    """mode -> (verdicts, output)."""
    outputs = {mode: run_self(mode, tmp_path_factory.mktemp(mode), {})[0] for mode in ('plain', 'patched')}
    return {mode: (json.loads(output.splitlines()[-1]), output) for mode, output in outputs.items()}


@ON_CPU
@pytest.mark.parametrize('name', TRAPS)
def test_trap(met, name):
    assert not met['patched'][0][name], f'{name} still bites with emonext_mm imported'
    if not met['plain'][0][name]:
        pytest.skip(f'the host no longer needs the fix for {name}: delete it')


@ON_CPU
@pytest.mark.parametrize('name', WARNINGS)
def test_known_warning_is_silent(met, name):
    shown = {mode: re.sub(r'elsewhere\.py:1: .*', '', output) for mode, (_, output) in met.items()}
    assert WARNINGS[name] not in shown['patched']
    if WARNINGS[name] not in shown['plain']:
        pytest.skip(f'the host no longer shows {name}: delete its filter')


@ON_CPU
@pytest.mark.parametrize(
    'text',
    [
        *(f'elsewhere.py:1: UserWarning: {text}' for text in UNRELATED.values()),
        'mmengine - WARNING - an unrelated line of the log',
    ],
)
def test_other_warnings_still_show(met, text):
    assert text in met['patched'][1]


def test_every_filter_is_tested():
    messages = [message for *_, message in host._HARMLESS_WARNINGS] + host._HARMLESS_LOGS.pattern.split('|')
    for message in messages:
        assert any(re.search(message, known) for known in WARNINGS.values()), message


def test_apply_twice_changes_nothing():
    def patched():
        utils = mmengine.dist.utils
        loader = CheckpointLoader.load_checkpoint.__func__
        return loader, mmengine.runner.checkpoint.load_state_dict, utils._init_dist_pytorch, mmcv.adjust_hue

    before = patched()
    host.apply()
    assert patched() == before


class TestCheck:
    def test_accepts_this_machine(self):
        host.check()

    def test_comes_before_any_import_of_what_it_checks(self):
        code = (
            f'import runpy, sys; runpy.run_path({host.__file__!r}); '
            "sys.exit(' '.join({'torch', 'numpy', 'mmengine', 'mmcv', 'mmpretrain'} & set(sys.modules)) or 0)"
        )
        run = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr

    @pytest.mark.parametrize('module', ['torch', 'mmengine', 'mmcv', 'mmpretrain'])
    def test_missing(self, monkeypatch, module):
        find = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None if name == module else find(name))
        with pytest.raises(
            ImportError, match=f'^emonext_mm needs {module}, which is not installed: pip install .+$'
        ):
            host.check()

    @pytest.mark.parametrize(
        ('module', 'version'),
        [
            ('torch', '2.3.1+cpu'),
            ('mmengine', '0.10.3'),
            ('mmengine', '1.0.0rc1'),
            ('mmcv', '2.4'),
            ('mmcv', '2.4.1'),
            ('mmcv', '1.7'),
            ('mmpretrain', '1.1.1'),
        ],
    )
    def test_out_of_bounds(self, monkeypatch, module, version):
        real = importlib.metadata.version
        monkeypatch.setattr(
            importlib.metadata, 'version', lambda name: version if name == module else real(name)
        )
        told = re.escape(f'but {version} is installed: pip install')
        with pytest.raises(ImportError, match=f'^emonext_mm needs {module}>=.+, {told} .+$'):
            host.check()

    @pytest.mark.parametrize('distribution', ['mmcv', 'mmcv-lite'])
    def test_either_mmcv_will_do(self, monkeypatch, distribution):
        def version(name):
            if name.startswith('mmcv') and name != distribution:
                raise importlib.metadata.PackageNotFoundError(name)
            return '2.2.0' if name == distribution else real(name)

        real = importlib.metadata.version
        monkeypatch.setattr(importlib.metadata, 'version', version)
        host.check()


class TestScopeBases:
    def test_config_and_model_of_the_host(self, tmp_path):
        import mmpretrain

        (tmp_path / 'cfg.py').write_text("_base_ = 'mmpretrain::resnet/resnet18_8xb32_in1k.py'\n")
        assert Config.fromfile(tmp_path / 'cfg.py').model.backbone.depth == 18
        assert type(mmpretrain.get_model('resnet18_8xb32_in1k')).__name__ == 'ImageClassifier'

    def test_paths(self):
        assert host.is_installed('mmpretrain')
        assert not host.is_installed('no_such_package')
        assert host.get_installed_path('mmengine') == str(Path(mmengine.__file__).parent)
        distribution = 'mmcv-lite' if host.is_installed('mmcv-lite') else 'mmcv'
        assert host.get_installed_path(distribution) == str(Path(mmcv.__file__).parent)
        with pytest.raises(ImportError, match='no_such_package'):
            host.get_installed_path('no_such_package')


@pytest.mark.parametrize(('given', 'expected'), [
    ({}, '30000'), ({'GOMP_SPINCOUNT': '7'}, '7'), ({'OMP_WAIT_POLICY': 'passive'}, None),
])
def test_spin_briefly(monkeypatch, given, expected):
    for name in ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'):
        monkeypatch.delenv(name, raising=False)
        if name in given:
            monkeypatch.setenv(name, given[name])
    host.spin_briefly()
    assert os.environ.get('GOMP_SPINCOUNT') == expected


@pytest.mark.skipif(sys.platform != 'linux', reason='GNU OpenMP is what PyTorch uses on Linux')
def test_spins_briefly_from_the_start():
    """As GNU OpenMP says itself when PyTorch loads it."""
    environment = {key: value for key, value in os.environ.items() if key not in ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY')}
    run = subprocess.run([sys.executable, '-c', 'import emonext_mm'], capture_output=True, text=True,
                         env={**environment, 'OMP_DISPLAY_ENV': 'verbose'})
    assert run.returncode == 0, run.stderr
    assert "GOMP_SPINCOUNT = '30000'" in run.stderr


FAULTS = """
import resource, sys, torch
from emonext_mm import host
if sys.argv[1] == 'kept':
    host.keep_freed_memory()
for _ in range(4):  # of 64 MB, more than glibc ever keeps by itself
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc' or torch.cuda.is_available(), reason='acts on glibc, on the CPU')
def test_keep_freed_memory():
    """Pages that the last of several arrays had to be given; when the first number is small, torch does it itself."""
    faults = {}
    for how in ('given back', 'kept'):
        run = subprocess.run([sys.executable, '-c', FAULTS, how], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        faults[how] = int(run.stdout)
    assert faults['given back'] > 30  # huge pages of 2 MB at best
    assert faults['kept'] < 10


def test_smooth_without_wait():
    """The targets are the formula's; on a device without values, which nothing can be read from, they can be made."""
    loss = MODELS.build(dict(type='LabelSmoothLoss', label_smooth_val=0.2, mode='original'))
    logits, labels = torch.randn(5, 7, dtype=torch.float64), torch.tensor([0, 6, 3, 3, 1])
    targets = 0.8 * torch.eye(7, dtype=torch.float64)[labels] + 0.2 / 7
    torch.testing.assert_close(loss(logits, labels), -(targets * logits.log_softmax(1)).sum(1).mean(), atol=1e-6,
                               rtol=1e-6)
    assert loss(logits.to('meta'), labels.to('meta')).shape == ()
    with pytest.raises(RuntimeError, match='index 7 is out of bounds'):
        loss(logits, labels + 1)


def test_the_host_still_waits_for_labels():
    """When this fails, smooth_without_wait can go."""
    with pytest.raises(RuntimeError):
        convert_to_one_hot(torch.zeros(2, 1, dtype=torch.long, device='meta'), 7)


# ---------------------------------------------------------------------------------------- checkpoints


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """The folder of a training of one epoch."""
    folder = tmp_path_factory.mktemp('trained')
    Runner.from_cfg(host.prepare_train(make_config(folder))).train()
    return folder


def test_resume_restores_everything(trained, tmp_path):
    saved = CheckpointLoader.load_checkpoint(str(trained / 'epoch_1.pth'))
    cfg = make_config(tmp_path, resume=True, load_from=str(trained / 'epoch_1.pth'))
    cfg.train_cfg.max_epochs = 2
    runner = Runner.from_cfg(host.prepare_train(cfg))
    step = runner.model.train_step
    seen = {}

    def first_step(data, optim_wrapper):
        if not seen:
            seen['raw'] = copy.deepcopy(runner.model.state_dict())
            seen['moment'] = optim_wrapper.optimizer.state_dict()['state'][0]['exp_avg'].clone()
            seen['losses'] = runner.message_hub.get_scalar('train/loss').data[0].copy()
        return step(data, optim_wrapper)

    runner.model.train_step = first_step
    runner.train()
    assert (runner.epoch, runner.iter) == (2, 4)
    for key, value in seen['raw'].items():  # the file holds the averaged weights as state_dict
        torch.testing.assert_close(value, saved['ema_state_dict'][f'module.{key}'])
    torch.testing.assert_close(seen['moment'], saved['optimizer']['state'][0]['exp_avg'])
    np.testing.assert_array_equal(seen['losses'], saved['message_hub']['log_scalars']['train/loss'].data[0])
    assert len(seen['losses']) == 2


def test_loads_before_any_history_was_made(trained, monkeypatch):
    """As in a fresh process: the host registers the statistics methods with the first ``HistoryBuffer``."""
    monkeypatch.setattr(HistoryBuffer, '_statistics_methods', {})
    loss = CheckpointLoader.load_checkpoint(str(trained / 'epoch_1.pth'))['message_hub']['log_scalars'][
        'train/loss'
    ]
    assert loss.statistics('mean', 2) > 0


def payloads(marker):
    command = f'touch {marker}'
    initialiser = Call(getattr, HistoryBuffer, '__init__')
    namespace = Call(getattr, initialiser, '__globals__')
    return {
        'os.system': Call(os.system, command),
        'eval': Call(eval, f'__import__("os").system("{command}")'),
        'getattr of HistoryBuffer': initialiser,
        'getattr of a function': namespace,
        'getattr of a module': Call(getattr, Call(__import__, 'os'), 'system'),
        'method made up': [_Forged(HistoryBuffer, {'__init__': 1}), initialiser],
        'call of a method': Call(HistoryBuffer.mean, 1),
        'record dtype': np.zeros(1, [('a', 'i4'), ('b', 'O')]),
    }


class _Forged(Call):
    """A ``HistoryBuffer`` whose state brings statistics methods of its own."""

    def __init__(self, cls, methods):
        self.call = cls, (), {'statistics_methods': methods}


@pytest.mark.parametrize('name', payloads('x'))
def test_malicious_checkpoint_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(HistoryBuffer, '_statistics_methods', dict(HistoryBuffer._statistics_methods))
    path, marker = tmp_path / 'evil.pth', tmp_path / 'marker'
    torch.save({'state_dict': {}, 'meta': {}, 'message_hub': payloads(marker)[name]}, path)
    refused = rf'^{re.escape(str(path))} was not loaded: it asks for .+, which could run code; .+$'
    with pytest.raises(host.CheckpointError, match=refused):
        load_checkpoint(nn.Linear(1, 1), str(path))
    assert not marker.exists()


@pytest.mark.parametrize('resume', [False, True])
def test_runner_refuses_a_malicious_checkpoint(tmp_path, resume):
    path, marker = evil(tmp_path / 'evil.pth', tmp_path / 'marker'), tmp_path / 'marker'
    runner = Runner.from_cfg(host.prepare_train(make_config(tmp_path, load_from=str(path), resume=resume)))
    with pytest.raises(host.CheckpointError, match=r'evil\.pth was not loaded: it asks for \w+\.system,'):
        runner.train()
    assert not marker.exists()


def test_the_payload_is_real(tmp_path):
    """The control of the tests above: without weights-only loading the command does run."""
    path = evil(tmp_path / 'evil.pth', tmp_path / 'marker')
    torch.load(path, weights_only=False)
    assert (tmp_path / 'marker').exists()


def test_the_environment_is_put_back(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    monkeypatch.delenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', raising=False)
    torch.save({'weight': torch.zeros(1, 1)}, tmp_path / 'good.pth')
    for path in (tmp_path / 'good.pth', evil(tmp_path / 'evil.pth', tmp_path / 'marker')):
        with contextlib.suppress(host.CheckpointError):
            CheckpointLoader.load_checkpoint(str(path))
        assert os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] == '1'
        assert 'TORCH_FORCE_WEIGHTS_ONLY_LOAD' not in os.environ
    assert not (tmp_path / 'marker').exists()


@pytest.mark.parametrize('kept', [0, 1, 7, 30, 1000, 0.5, 0.999])
def test_cut_checkpoint(trained, tmp_path, kept):
    whole = (trained / 'epoch_1.pth').read_bytes()
    path = tmp_path / 'cut.pth'
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(len(whole) * kept)])
    with pytest.raises(
        host.CheckpointError, match=r'^.*cut\.pth was not loaded: it is cut, damaged or no checkpoint .*$'
    ):
        CheckpointLoader.load_checkpoint(str(path))


@pytest.mark.parametrize(
    'content', [b'<html>404 Not Found</html>', b'{"a": 1}', pickle.dumps([1], 4), b'\x89PNG' * 9]
)
def test_no_checkpoint(tmp_path, content):
    path = tmp_path / 'page.pth'
    path.write_bytes(content)
    with pytest.raises(host.CheckpointError, match=r'page\.pth was not loaded'):
        CheckpointLoader.load_checkpoint(str(path))


def test_missing_checkpoint_stays_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'nowhere.pth'))


def test_foreign_weights(tmp_path):
    path = tmp_path / 'foreign.pth'
    torch.save({'state_dict': {'other.weight': torch.zeros(2, 2), 'weight': torch.zeros(3, 3)}}, path)
    with pytest.raises(
        host.CheckpointError,
        match=r'^nothing was loaded: .* \(other.weight, weight\) fits Linear \(weight, bias\)$',
    ):
        load_checkpoint(nn.Linear(2, 2), str(path))
    model = nn.Linear(3, 3)  # a part that fits is what fine-tuning needs
    load_checkpoint(model, str(path))
    assert not model.weight.any()


# ---------------------------------------------------------------------------------------------- configs


@pytest.mark.skipif(not (sys.platform == 'linux' and platform.machine() == 'x86_64'), reason='reads the flags of x86')
def test_cpu_with_bfloat16():
    """oneDNN's answer is that of the instructions that Linux finds."""
    flags = Path('/proc/cpuinfo').read_text()
    assert host.has_bfloat16() == (' avx512bw' in flags or ' avx_ne_convert' in flags)


@ON_CPU
class TestAmp:
    @pytest.fixture(autouse=True)
    def _cpu_with_bfloat16(self, monkeypatch):
        monkeypatch.setattr(host, 'has_bfloat16', lambda: True)

    def test_is_off_on_a_cpu_without_bfloat16(self, monkeypatch):
        monkeypatch.setattr(host, 'has_bfloat16', lambda: False)
        lines = []
        monkeypatch.setattr(
            'mmengine.logging.print_log',
            lambda text, logger, level=logging.INFO: level > logging.DEBUG and lines.append(text),
        )
        cfg = make_config('x')
        adapted = host.adapt_amp(cfg).optim_wrapper
        assert adapted == {**{k: v for k, v in cfg.optim_wrapper.items() if k != 'dtype'}, 'type': 'OptimWrapper'}
        assert lines == ['no GPU found, and a CPU without bfloat16: mixed precision is off, all runs in float32']

    def test_keeps_what_is_not_about_the_scaler(self):
        cfg = make_config('x')
        cfg.optim_wrapper.update(type='mmengine.AmpOptimWrapper', loss_scale=512.0, accumulative_counts=3)
        given = copy.deepcopy(cfg.optim_wrapper)
        adapted = host.adapt_amp(cfg).optim_wrapper
        assert adapted.pop('type') == 'CpuAmpOptimWrapper'
        assert set(adapted) == set(given) - {'type', 'dtype', 'loss_scale'}
        assert all(adapted[key] == given[key] for key in adapted)
        assert cfg.optim_wrapper == given, 'the argument was changed'

    @pytest.mark.parametrize(
        ('dtype', 'told'), [('float16', 1), (None, 1), ('bfloat16', 0), (torch.bfloat16, 0)]
    )
    def test_tells_when_the_type_changes(self, monkeypatch, dtype, told):
        lines = []
        monkeypatch.setattr(
            'mmengine.logging.print_log',
            lambda text, logger, level=logging.INFO: level > logging.DEBUG and lines.append(text),
        )
        cfg = make_config('x')
        cfg.optim_wrapper.dtype = dtype
        host.adapt_amp(cfg)
        assert len(lines) == told
        assert all('bfloat16 on the CPU, not in float16' in line for line in lines)

    def test_leaves_full_precision_alone(self):
        cfg = make_config(
            'x', optim_wrapper={'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': 0.1}}
        )
        assert host.adapt_amp(cfg).optim_wrapper == cfg.optim_wrapper

    def test_runs_in_bfloat16_and_accumulates(self):
        cfg = make_config('x')
        cfg.optim_wrapper.optimizer = {'type': 'SGD', 'lr': 1.0}
        cfg.optim_wrapper.update(accumulative_counts=2, clip_grad={'max_norm': 0.5})
        del cfg.optim_wrapper['paramwise_cfg']
        model = nn.Linear(4, 1, bias=False)
        wrapper = mmengine.optim.build_optim_wrapper(model, host.adapt_amp(cfg).optim_wrapper)
        wrapper.initialize_count_status(model, 0, 4)
        start = model.weight.detach().clone()
        for step in range(2):
            with wrapper.optim_context(model):
                output = model(torch.ones(8, 4))
            assert output.dtype == torch.bfloat16
            wrapper.update_params(output.sum())
            assert torch.equal(model.weight, start) == (step == 0)
        assert (model.weight - start).norm().item() == pytest.approx(0.5, rel=1e-4)


@ON_CPU
@pytest.mark.parametrize('tta', [False, True])
def test_half_precision_test_run(trained, tmp_path, tta):
    """``test.py --amp [--tta]`` on a CPU, from a training checkpoint with EMA, to metrics that JSON takes."""
    cfg = make_config(tmp_path, load_from=str(trained / 'epoch_1.pth'), test_cfg={'fp16': True})
    runner = Runner.from_cfg(host.prepare_test(with_tta(cfg) if tta else cfg))
    dtypes = set()
    (runner.model.module if tta else runner.model).head.fc.register_forward_hook(
        lambda *io: dtypes.add(io[-1].dtype)
    )
    metrics = host.to_plain(runner.test())
    assert dtypes == {torch.bfloat16}
    assert set(json.loads(json.dumps(metrics))) == {'accuracy/top1', 'confusion_matrix/result'}
    assert np.sum(metrics['confusion_matrix/result']) == 8


def test_drop_ema_hook():
    from mmpretrain.engine import EMAHook

    raw = {'type': 'EMAHook', 'evaluate_on_ema': False}
    others = [{'type': 'EmptyCacheHook'}, {'type': 'PreciseBNHook'}, raw]
    emas = [{'type': 'EMAHook'}, {'type': 'mmengine.EMAHook'}, {'type': EMAHook}, EMAHook()]
    cfg = Config({'custom_hooks': [emas[0], *others, *emas[1:3]]})
    assert host.drop_ema_hook(cfg).custom_hooks == others
    assert len(cfg.custom_hooks) == 6, 'the argument was changed'
    assert host.drop_ema_hook(Config({})).custom_hooks == []


@ON_CPU
def test_adapt_dist():
    assert 'model_wrapper_cfg' not in host.adapt_dist(make_config('x'))
    wrapper = host.adapt_dist(
        make_config('x', launcher='pytorch', find_unused_parameters=True)
    ).model_wrapper_cfg
    assert wrapper == {
        'type': 'MMDistributedDataParallel',
        'device_ids': None,
        'broadcast_buffers': False,
        'find_unused_parameters': True,
    }
    given = {'broadcast_buffers': True, 'static_graph': True}
    wrapper = host.adapt_dist(make_config('x', launcher='pytorch', model_wrapper_cfg=given)).model_wrapper_cfg
    assert wrapper == {'type': 'MMDistributedDataParallel', 'device_ids': None, **given}


@ON_CPU
def test_two_processes_train_on_the_cpu(tmp_path):
    env = {'WORLD_SIZE': '2', 'MASTER_ADDR': 'localhost', 'MASTER_PORT': free_port()}
    run_self('rank', tmp_path, *({'RANK': rank, 'LOCAL_RANK': rank, **env} for rank in '01'))


def test_fix_dataloaders():
    cfg = make_config('x')
    cfg.train_dataloader.update(num_workers=2, prefetch_factor=3)
    cfg.val_dataloader.prefetch_factor = 3
    cfg.test_dataloader = None
    fixed = host.fix_dataloaders(cfg)
    assert fixed.train_dataloader.persistent_workers
    assert fixed.train_dataloader.prefetch_factor == 3
    assert not fixed.val_dataloader.persistent_workers
    assert 'prefetch_factor' not in fixed.val_dataloader
    assert fixed.train_dataloader.pin_memory == torch.cuda.is_available()
    assert cfg.val_dataloader.persistent_workers, 'the argument was changed'


@pytest.mark.parametrize(
    ('given', 'built'),
    [
        ('TensorboardVisBackend', [dict(type='TensorboardVisBackend')]),
        (
            ['LocalVisBackend', dict(type='WandbVisBackend', init_kwargs=dict(project='faces'))],
            [dict(type='LocalVisBackend'), dict(type='WandbVisBackend', init_kwargs=dict(project='faces'))],
        ),
        (dict(type='LocalVisBackend'), [dict(type='LocalVisBackend')]),
    ],
)
def test_build_named_backends(given, built):
    cfg = make_config('x', visualizer=dict(type='UniversalVisualizer', vis_backends=given))
    for prepare in (host.build_named_backends, host.prepare_train, host.prepare_test):
        assert prepare(cfg).visualizer == dict(type='UniversalVisualizer', vis_backends=built)
    assert cfg.visualizer.vis_backends == given, 'the argument was changed'


@pytest.mark.parametrize('visualizer', [None, dict(type='UniversalVisualizer')])
def test_no_backends_to_build(visualizer):
    assert host.build_named_backends(make_config('x', visualizer=visualizer)).visualizer == visualizer


def test_no_such_backend():
    cfg = make_config('x', visualizer=dict(vis_backends='TensorBoard'))
    with pytest.raises(ValueError, match='there is no TensorBoard, but for example TensorboardVisBackend'):
        host.build_named_backends(cfg)


def test_to_plain():
    value = {
        'a': torch.ones(2, dtype=torch.bfloat16),
        'b': [np.float32(2), (np.arange(2), 'text')],
        'c': None,
    }
    assert json.dumps(host.to_plain(value)) == '{"a": [1.0, 1.0], "b": [2.0, [[0, 1], "text"]], "c": null}'


@pytest.mark.parametrize('factor', [-0.5, -0.1, -0.001, 0.0, 0.1, 0.5])
def test_hue_goes_round_the_circle(factor):
    import cv2

    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV_FULL).astype(int)
    hsv[..., 0] = (hsv[..., 0] + int(factor * 255)) % 256
    expected = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR_FULL)
    np.testing.assert_array_equal(mmcv.adjust_hue(image, factor, 'cv2'), expected)
