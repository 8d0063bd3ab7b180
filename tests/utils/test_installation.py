from pathlib import Path

import pytest

import emonext_mm
from emonext_mm.utils import installation
from emonext_mm.utils.installation import find_config, find_root


def test_root(tmp_path, monkeypatch):
    """``.mim`` in the package is preferred to the checkout."""
    monkeypatch.setattr(installation, 'PACKAGE', tmp_path / 'emonext_mm')
    assert find_root() is None
    (tmp_path / 'model-index.yml').touch()
    assert find_root() == tmp_path
    (tmp_path / 'emonext_mm' / '.mim').mkdir(parents=True)
    (tmp_path / 'emonext_mm' / '.mim' / 'model-index.yml').touch()
    assert find_root() == tmp_path / 'emonext_mm' / '.mim'


def test_configs_of_an_incomplete_installation(tmp_path, monkeypatch):
    monkeypatch.setattr(installation, 'PACKAGE', tmp_path / 'emonext_mm')
    with pytest.raises(FileNotFoundError, match='pip install'):
        find_config('emonext_atto_synthetic')


def test_config_by_name_or_path():
    path = find_config('emonext_atto_synthetic')
    assert Path(path).name == 'emonext_atto_synthetic.py'
    assert find_config('emonext_atto_synthetic.py') == path
    assert Path(find_config('_base_/evaluators.py')).parent.name == '_base_'
    assert emonext_mm.find_config is find_config
