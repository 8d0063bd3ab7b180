from pathlib import Path

import mmcv
import mmengine
import mmpretrain
import pytest
from mmengine.config import Config

from emonext_mm.compat.packages import get_installed_path, is_installed


def test_config_and_model_of_the_host(tmp_path):
    (tmp_path / 'cfg.py').write_text("_base_ = 'mmpretrain::resnet/resnet18_8xb32_in1k.py'\n")
    assert Config.fromfile(tmp_path / 'cfg.py').model.backbone.depth == 18
    assert type(mmpretrain.get_model('resnet18_8xb32_in1k')).__name__ == 'ImageClassifier'


@pytest.mark.parametrize('base', [
    "'emonext_mm::emonext_atto_synthetic.py'",
    "['emonext_mm::emonext_atto_synthetic.py']",
    "'emonext_mm::emonext_atto_synthetic'",
    "__import__('emonext_mm').find_config('emonext_atto_synthetic.py')",  # also without compat.setup()
])
def test_our_config_as_a_base(tmp_path, base):
    """Of a file far from our configs, with the bases of the base."""
    path = tmp_path / 'mine.py'
    path.write_text(f'_base_ = {base}\ntrain_cfg = dict(max_epochs=9)\n')
    cfg = Config.fromfile(path)
    assert (cfg.model.backbone.type, cfg.train_cfg.max_epochs) == ('EmoNeXt', 9)
    assert cfg.model.backbone.arch == 'atto'
    assert '_scope_' not in cfg.model


def test_no_such_config_of_ours(tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = 'emonext_mm::emonext_atom.py'\n")
    with pytest.raises(FileNotFoundError, match=r'emonext_atom\.py.*emonext_atto_synthetic\.py'):
        Config.fromfile(tmp_path / 'mine.py')


def test_installed_or_not():
    assert is_installed('mmengine')
    assert not is_installed('no_such_package')


def test_path_of_a_module():
    assert get_installed_path('mmengine') == str(Path(mmengine.__file__).parent)


def test_path_of_a_distribution_with_another_name():
    distribution = next(name for name in ('mmcv-lite', 'onedl-mmcv', 'mmcv') if is_installed(name))
    assert get_installed_path(distribution) == str(Path(mmcv.__file__).parent)


def test_path_of_nothing():
    with pytest.raises(ImportError, match='no_such_package'):
        get_installed_path('no_such_package')


def test_path_of_a_namespace_package(tmp_path, monkeypatch):
    (tmp_path / 'only_a_folder').mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match='only_a_folder'):
        get_installed_path('only_a_folder')
