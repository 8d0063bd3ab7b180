"""An import changes nothing: the state of a fresh process is compared before and after. It works on any system."""
import ast
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.processes import run_python, run_together

RUNS = {
    'import': ('', 'import emonext_mm'),
    'setup': ('import emonext_mm.compat', 'emonext_mm.compat.setup()'),
    'control': ('', """
import logging, os, mmcv, mmengine, numpy, torch, warnings
os.environ['EMONEXT_TEST'] = '1'
warnings.simplefilter('ignore')
logging.getLogger('mmengine').setLevel(7)
torch.use_deterministic_algorithms(True)
numpy.random.rand()
mmcv.imread = print
mmengine.runner.Runner._load_or_resume_loop = print
mmengine.hooks.EMAHook.priority = 'LOW'
"""),
}
ADDITIONS = {  # that an import may make, besides those to registries
    'torch._weights_only_unpickler._marked_safe_globals_set',
    'mmengine.runner.checkpoint.CheckpointLoader._schemes',
    'mmpretrain.apis.model.ModelHub._models_dict',
}
SCOPE_BASES = {
    'mmengine.utils.package_utils': ['get_installed_path', 'is_installed', 'package2module'],
    'mmengine.utils': ['get_installed_path', 'is_installed'],
    'mmengine.config.config': ['get_installed_path', 'is_installed'],
    'mmengine.hub.hub': ['get_installed_path'],
}
HUE = {'mmcv': ['adjust_hue'], 'mmcv.image': ['adjust_hue'], 'mmcv.image.photometric': ['adjust_hue']}
SETUP = {
    'mmengine.runner.checkpoint.CheckpointLoader': ['load_checkpoint'],
    'mmengine.runner.checkpoint': ['load_state_dict'],
    'mmengine.runner': ['load_checkpoint'],
    'mmengine.runner.runner.Runner': ['load_checkpoint'],
    'mmpretrain.apis.base': ['load_checkpoint'],
    'mmengine.config.config.Config': ['_get_cfg_path'],
    'mmpretrain.engine.hooks.ema_hook.EMAHook': ['after_load_checkpoint'],
    'mmpretrain.models.heads.multi_task_head.MultiTaskHead': ['loss'],
    'mmengine.dist.utils': ['_init_dist_pytorch', '_init_dist_slurm'],
    'mmengine.runner.runner': ['convert_sync_batchnorm'],
    'mmengine._strategy.distributed': ['convert_sync_batchnorm'],
    'mmengine.dataset.base_dataset.BaseDataset': ['_copy_without_annotation'],
    'mmengine.logging.logger.MMLogger': ['filter'],
    'mmpretrain.models.backbones.convnext': ['cp'],
    'mmpretrain.datasets.custom.CustomDataset': ['_find_samples', 'is_valid_file', 'load_data_list'],
    'warnings.filters': ['filters'],
}


@pytest.fixture(scope='module')
def changes():
    """For each of ``RUNS``: ``name -> [removed, added]``."""
    outputs = run_together([(('-m', 'tests.helpers.process_state', *run), {}) for run in RUNS.values()])
    return {name: json.loads(output.splitlines()[-1]) for name, output in zip(RUNS, outputs)}


def test_an_import_only_registers(changes):
    found = changes['import']
    assert {name for name in found if not name.startswith('registry ')} - {'logging'} == ADDITIONS  # a new logger may
    assert all(removed == [] for removed, _ in found.values())


def test_what_an_import_adds(changes):
    added = {name: set(keys) for name, (_, keys) in changes['import'].items()}
    assert {'EmoNeXt', 'STNDataPreprocessor', 'SARegClsHead'} < added['registry mmpretrain.model']
    assert added['mmengine.runner.checkpoint.CheckpointLoader._schemes'] == {
        'timm://', 'timm_backbone://', 'vggface2://', 'facebook://', 'mmpretrain://', r'(?!\w+://).*\.safetensors$'}
    models = added['mmpretrain.apis.model.ModelHub._models_dict']
    assert 'emonext-tiny_fer2013' in models
    assert all(name.startswith(('emonext-', 'convnext-')) and '_' in name for name in models)
    types = added['torch._weights_only_unpickler._marked_safe_globals_set']
    assert {name for name in types if not name.endswith('DType')} == {
        'HistoryBuffer', 'ndarray', 'dtype', 'builtins.getattr', '_codecs.encode',
        *(f'{module}.multiarray.{name}' for module in ('numpy.core', 'numpy._core')
          for name in ('_reconstruct', 'scalar')),
    }
    assert not {'ObjectDType', 'VoidDType'} & types


def test_setup_changes_what_is_documented(changes):
    expected = dict(SETUP)
    if importlib.util.find_spec('pkg_resources') is None:
        expected.update(SCOPE_BASES)
    if np.lib.NumpyVersion(np.__version__) >= '2.0.0':
        expected.update(HUE)
    assert {name: sorted(added) for name, (_, added) in changes['setup'].items()} == expected


def test_the_comparison_can_fail(changes):
    assert {name: added for name, (_, added) in changes['control'].items()} == {
        'environment': ['EMONEXT_TEST'],
        'warnings.filters': ['filters'],
        'logging': ['mmengine'],
        'settings': ['deterministic'],
        'random numbers': ['numpy'],
        'mmcv': ['imread'],
        'mmengine.runner.runner.Runner': ['_load_or_resume_loop'],
        'mmengine.hooks.ema_hook.EMAHook': ['priority'],
    }


def test_an_import_shows_no_warning_and_does_not_choose_how_threads_wait():
    code = 'import emonext_mm, os; assert not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & set(os.environ)'
    assert 'Warning' not in run_python('-c', code, GOMP_SPINCOUNT=None, OMP_WAIT_POLICY=None)


UNIX = {'curses', 'fcntl', 'grp', 'posix', 'pty', 'pwd', 'resource', 'syslog', 'termios', 'tty'}  # not on Windows


@pytest.mark.parametrize('folder', ['emonext', 'emonext_mm', 'tools'])
def test_no_module_of_unix_alone(folder):
    paths = list((Path(__file__).parents[1] / folder).rglob('*.py'))
    assert paths
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else (
                [node.module] if isinstance(node, ast.ImportFrom) and node.module else [])
            assert not UNIX & {name.partition('.')[0] for name in names}, path
