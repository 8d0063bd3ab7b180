"""Every trap once: ``python -m tests.helpers.meet_traps plain|setup FOLDER``.

Trains the toy model, which shows the host's warnings, then meets every trap. The last line printed is the JSON of
``name of the trap -> whether the fault shows``. With ``plain`` emonext_mm is not imported at all.
"""
import contextlib
import copy
import json
import os
import pickle
import resource
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from torch import nn

SETUP = sys.argv[1] == 'setup'
if SETUP:
    from emonext_mm import compat
    compat.setup()
    from emonext_mm.compat import config as mended

import mmcv  # noqa: E402
import mmengine.runner.runner  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.evaluator import DumpResults  # noqa: E402
from mmengine.logging import MMLogger  # noqa: E402
from mmengine.model import ExponentialMovingAverage, MMDistributedDataParallel  # noqa: E402
from mmengine.optim import AmpOptimWrapper  # noqa: E402
from mmengine.runner import CheckpointLoader, EpochBasedTrainLoop, Runner, load_checkpoint  # noqa: E402
from mmpretrain.engine import EMAHook  # noqa: E402
from mmpretrain.models.backbones.convnext import ConvNeXtBlock  # noqa: E402
from mmpretrain.registry import DATASETS, MODELS  # noqa: E402
from mmpretrain.structures import DataSample  # noqa: E402
from mmpretrain.visualization import UniversalVisualizer  # noqa: E402

from tests.helpers.host_training import free_port, make_config, with_tta  # noqa: E402
from tests.helpers.malicious import save_malicious  # noqa: E402
from tests.helpers.traps import TRAPS  # noqa: E402

UNRELATED = {  # module: a warning that must still show, because its text or its module is another
    'mmcv.image.photometric': 'an unrelated warning of MMCV',
    'elsewhere': "Only use 'alpha' for pillow backend.",
}


def mend(name, cfg):
    """The config as a function of ``compat.config`` returns it; the plain host's is the config as it is."""
    return getattr(mended, name)(cfg) if SETUP else cfg


def prepare(name, cfg):
    """The config as the tools prepare it; on the plain host, the least that lets it run at all."""
    if SETUP:
        return getattr(mended, name)(cfg)
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


def scope_bases(folder):
    (folder / 'cfg.py').write_text("_base_ = 'mmpretrain::resnet/resnet18_8xb32_in1k.py'\n")
    return raises(lambda: Config.fromfile(folder / 'cfg.py'), ModuleNotFoundError)


def own_scope(folder):
    (folder / 'own.py').write_text("_base_ = 'emonext_mm::emonext_atto_synthetic.py'\n")
    return raises(lambda: Config.fromfile(folder / 'own.py'), ValueError)


def average_of_other_classes(folder):
    """The checkpoint is of a model for two classes, the hook of one for three."""
    model = make_config(folder).model
    two = MODELS.build(model)
    model.head.num_classes = 3
    hook = EMAHook()
    hook.before_run(SimpleNamespace(model=MODELS.build(model)))
    loaded = {'state_dict': two.state_dict(), 'ema_state_dict': ExponentialMovingAverage(two).state_dict()}
    runner = SimpleNamespace(_resume=False, _train_loop=object.__new__(EpochBasedTrainLoop))
    return raises(lambda: hook.after_load_checkpoint(runner, loaded), RuntimeError)


def missing_tasks(folder):
    head = MODELS.build({'type': 'MultiTaskHead', 'task_heads': {
        'emotion': {'type': 'LinearClsHead', 'num_classes': 2, 'in_channels': 3}}})
    samples = [DataSample().set_gt_label(0)]
    with contextlib.suppress(ValueError):
        return raises(lambda: head.loss((torch.rand(1, 3), ), samples), AssertionError)
    return False


def of_folders(root, *files, **options):
    """A ``CustomDataset`` of empty files."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return DATASETS.build({'type': 'CustomDataset', 'data_root': str(root), **options})


def folder_order(folder):
    data = of_folders(folder / 'order', 'bored/a.png', 'tired/b.png', classes=('tired', 'bored'))
    return data.get_gt_labels().tolist() != [1, 0]


def left_out_images(folder):
    return not raises(lambda: of_folders(folder / 'suffixes', 'bored/a.png', 'bored/b.webp'), ValueError)


def unnamed_lines(folder):
    (folder / 'list.txt').write_text('a.png 0\nb.png,1\n')
    try:
        of_folders(folder, ann_file='list.txt')
    except ValueError as error:
        return 'line 2' not in str(error)
    return False


def checkpoint_types(folder):
    load = CheckpointLoader.load_checkpoint
    return raises(lambda: load(str(folder / 'epoch_1.pth')), pickle.UnpicklingError, RuntimeError)


def code_from_url(folder):
    cache = folder / 'hub' / 'checkpoints'  # torch.hub does not download a file that is already here
    cache.mkdir(parents=True)
    save_malicious(cache / 'malicious.pth', folder / 'url-was-here')
    torch.hub.set_dir(folder / 'hub')
    return runs_code(folder, 'url', 'http://localhost/malicious.pth')


def code_by_environment(folder):
    os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '1'
    try:
        return runs_code(folder, 'env', save_malicious(folder / 'malicious.pth', folder / 'env-was-here'))
    finally:
        del os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD']


def foreign_weights(folder):
    torch.save({'state_dict': {'other.weight': torch.zeros(3)}}, folder / 'foreign.pth')
    return not raises(lambda: load_checkpoint(nn.Linear(2, 2), str(folder / 'foreign.pth')), RuntimeError)


def weights_in_part(folder):
    weights = torch.load(folder / 'epoch_1.pth', weights_only=False)['state_dict']  # made by this process
    kept = {key: value for key, value in weights.items() if not key.startswith('head')}
    torch.save({'meta': {}, 'state_dict': kept}, folder / 'part.pth')
    runner = Runner.from_cfg(prepare('prepare_test', make_config(folder, load_from=str(folder / 'part.pth'))))
    return not raises(runner.test, RuntimeError)


def ema_under_tta(folder):
    checkpoint = torch.load(folder / 'epoch_1.pth', weights_only=False)  # made by this process
    weights = checkpoint['state_dict']
    kept = {key: checkpoint[key] for key in ('state_dict', 'ema_state_dict')}
    torch.save({'meta': {}, **kept}, folder / 'weights.pth')
    cfg = with_tta(make_config(folder, load_from=str(folder / 'weights.pth')))
    runner = Runner.from_cfg(prepare('prepare_test', cfg))
    tested = {}
    step = runner.model.test_step
    runner.model.test_step = lambda data: tested.update(copy.deepcopy(runner.model.state_dict())) or step(data)
    runner.test()
    return any(not torch.equal(tested[f'module.{key}'], value) for key, value in weights.items())


def amp_on_cpu(folder):
    wrapper = mend('adapt_amp', make_config(folder)).optim_wrapper
    runner = Runner.from_cfg(prepare('prepare_train', make_config(folder)))
    return raises(lambda: runner.build_optim_wrapper(wrapper), AssertionError)


def persistent_workers(folder):
    loader = mend('fix_dataloaders', make_config(folder)).val_dataloader
    return raises(lambda: Runner.build_dataloader(loader), ValueError)


def named_backends(folder):
    cfg = make_config(folder, visualizer={'vis_backends': ['LocalVisBackend', 'TensorboardVisBackend']})
    backends = mend('build_named_backends', cfg).visualizer.vis_backends
    return raises(lambda: UniversalVisualizer(vis_backends=backends, save_dir=str(folder)), TypeError)


def one_second(folder):
    with mock.patch('time.time', return_value=1e9):
        cfgs = [prepare('prepare_train', make_config(folder / name)) for name in ('one', 'other')]
        one, other = map(Runner.from_cfg, cfgs)
    return one.visualizer is other.visualizer


def hue(folder):
    image = np.zeros((2, 2, 3), np.uint8)
    return any(raises(lambda b=b: mmcv.adjust_hue(image, -0.1, b), OverflowError) for b in ('cv2', 'pillow'))


def reentrant_checkpoint(folder):
    block, images = ConvNeXtBlock(4, with_cp=True), torch.rand(1, 4, 8, 8, requires_grad=True)
    return raises(lambda: torch.autograd.grad(block(images).sum(), images), RuntimeError)


def subset_memo(folder):
    """The second copy of an object must have what the object has by then."""
    inner, outer = [DATASETS.build(make_config(folder).train_dataloader.dataset) for _ in range(2)]
    inner.get_subset(1)
    inner.colour, outer.inner = 'red', inner
    return getattr(outer.get_subset(1).inner, 'colour', None) != 'red'


def freed_memory(folder):
    """Pages that the last of several arrays of 64 MB had to be given; huge pages of 2 MB at best."""
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(2**24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before > 10


def cpu_launcher(folder):
    """A distributed world of one process."""
    os.environ.update(RANK='0', LOCAL_RANK='0', WORLD_SIZE='1', MASTER_ADDR='localhost', MASTER_PORT=free_port())
    return raises(lambda: mmengine.dist.init_dist('pytorch', backend='nccl'), RuntimeError, AssertionError)


def cpu_wrapper(folder):
    """The world of ``cpu_launcher``, so it must come after the others."""
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    MMDistributedDataParallel(nn.Linear(2, 2), broadcast_buffers=False)  # as the host does on GPUs: it warns
    cfg = prepare('prepare_train', make_config(folder, launcher='pytorch'))
    return raises(lambda: Runner.from_cfg(cfg), ValueError)


def cpu_sync_batch_norm(folder):
    """In the world of ``cpu_launcher`` too."""
    norm = mmengine.runner.runner.convert_sync_batchnorm(nn.BatchNorm1d(2))
    return raises(lambda: norm(torch.rand(2, 2, 2)), ValueError)


def show_warnings(folder):
    Runner.from_cfg(prepare('prepare_train', make_config(folder))).train()
    DumpResults(out_file_path='x.pkl')
    # The warning of a CUDA machine, raised where the host raises it.
    eval('GradScaler()', vars(sys.modules[AmpOptimWrapper.__module__]))
    for module, text in UNRELATED.items():
        warn = compile(f'warnings.warn("{text}")', 'elsewhere.py', 'eval')
        eval(warn, {'warnings': warnings, '__name__': module})
    MMLogger.get_current_instance().warning('an unrelated line of the log')


if __name__ == '__main__':
    work_dir = Path(sys.argv[2])
    show_warnings(work_dir)
    shows = {name: bool(globals()[name](work_dir)) for name in TRAPS}
    torch.distributed.destroy_process_group()
    print('\n' + json.dumps(shows))
