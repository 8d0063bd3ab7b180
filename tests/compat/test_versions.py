import importlib.metadata
import importlib.util
import re

import pytest

from emonext_mm.compat import versions
from tests.helpers.processes import run_python


def test_accepts_this_environment():
    versions.check()


def test_imports_nothing_of_what_it_checks():
    run_python('-c', f"""
import runpy, sys
runpy.run_path({versions.__file__!r})
imported = set(sys.modules) & {{'torch', 'numpy', 'mmengine', 'mmcv', 'mmpretrain'}}
assert not imported, imported
""")


@pytest.mark.parametrize('module', ['torch', 'mmengine', 'mmcv', 'mmpretrain'])
def test_missing(monkeypatch, module):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None if name == module else find(name))
    with pytest.raises(ImportError, match=rf'emonext_mm .*\b{module}\b.* pip install .*{module}'):
        versions.check()


@pytest.mark.parametrize(('module', 'version', 'bounds'), [
    ('torch', '2.5.1+cpu', '>=2.6'),
    ('mmengine', '0.10.3', '>=0.10.4,<1'),
    ('mmengine', '1.0.0rc1', '>=0.10.4,<1'),
    ('mmcv', '2.4', '>=2.0,<2.4'),
    ('mmcv', '2.4.1', '>=2.0,<2.4'),
    ('mmcv', '1.7', '>=2.0,<2.4'),
    ('mmpretrain', '1.1.1', '>=1.2,<2'),
])
def test_out_of_bounds(monkeypatch, module, version, bounds):
    monkeypatch.setattr(versions, '_version', lambda name, _: version if name == module else '2.6' * (name == 'torch')
                        or {'mmengine': '0.10.7', 'mmcv': '2.2.0', 'mmpretrain': '1.2.0'}[name])
    with pytest.raises(ImportError, match=rf'{module}{re.escape(bounds)}.* {re.escape(version)} .*pip install'):
        versions.check()


@pytest.mark.parametrize(('module', 'distribution'), [
    ('mmengine', 'mmengine'), ('mmengine', 'mmengine-lite'), ('mmengine', 'onedl-mmengine'),
    ('mmcv', 'mmcv'), ('mmcv', 'mmcv-lite'), ('mmcv', 'onedl-mmcv'),
    ('mmpretrain', 'mmpretrain'), ('mmpretrain', 'onedl-mmpretrain'),
])
def test_every_distribution_of_a_module_is_accepted(monkeypatch, module, distribution):
    """The version that counts is that of the distribution; the module itself is not imported."""
    least = {requirement.module: requirement.least for requirement in versions.REQUIRED}[module]
    names = next(requirement.distributions for requirement in versions.REQUIRED if requirement.module == module)
    real = importlib.metadata.version

    def version(name):
        if name in names and name != distribution:
            raise importlib.metadata.PackageNotFoundError(name)
        return least if name == distribution else real(name)

    monkeypatch.setattr(importlib.metadata, 'version', version)
    monkeypatch.setattr(importlib, 'import_module', lambda name: pytest.fail(f'{name} was imported'))
    versions.check()
