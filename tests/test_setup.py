"""What an installed package carries, from a wheel that is built of a copy."""
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import emonext
import emonext_mm

ROOT = Path(__file__).parents[1]
SOURCES = ('configs', 'tools', 'emonext', 'emonext_mm', 'setup.py', 'pyproject.toml', 'README.md', 'model-index.yml')


@pytest.fixture(scope='module')
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp('copy')
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns('.mim', '__pycache__'))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope='module')
def built(copy):
    def build(*command):
        subprocess.run([sys.executable, 'setup.py', '-q', *command, '--dist-dir', 'dist'], cwd=copy, check=True,
                       capture_output=True)
        return next((copy / 'dist').iterdir())

    return build


def test_wheel_carries_configs_and_tools(built):
    with zipfile.ZipFile(built('bdist_wheel')) as wheel:
        carried = {name.partition('.mim/')[2] for name in wheel.namelist() if '.mim/' in name}
    assert carried == {'model-index.yml', *(
        str(path.relative_to(ROOT)) for folder in ('configs', 'tools') for path in (ROOT / folder).rglob('*.*')
        if path.suffix != '.pyc' and 'benchmarks' not in path.parts)}


def test_wheel_carries_the_models(built):
    models = {str(path.relative_to(ROOT)) for path in (*ROOT.glob('emonext/models/*.onnx'),
                                                       *ROOT.glob('emonext_mm/pretrained/*.safetensors'))}
    assert len(models) == 2
    with zipfile.ZipFile(built('bdist_wheel')) as wheel:
        assert models | {'emonext/py.typed'} <= set(wheel.namelist())


def test_both_packages_have_one_version():
    assert emonext.__version__ == emonext_mm.__version__


def test_checkout_has_links(built, copy):
    """So that an editable install has the files themselves, also after they were changed."""
    built('bdist_wheel')
    for name in ('configs', 'tools', 'model-index.yml'):
        link = copy / 'emonext_mm' / '.mim' / name
        assert link.is_symlink()
        assert not Path(link.readlink()).is_absolute()
        assert link.resolve() == copy / name


def test_copies_where_links_are_not_allowed(copy):
    shutil.rmtree(copy / 'emonext_mm' / '.mim', ignore_errors=True)
    refuse = ('import os, runpy, sys; os.symlink = lambda *a, **k: (_ for _ in ()).throw(OSError("WinError 1314")); '
              'sys.argv = ["setup.py", "--name"]; runpy.run_path("setup.py")')
    subprocess.run([sys.executable, '-c', refuse], cwd=copy, check=True, capture_output=True)
    copied = copy / 'emonext_mm' / '.mim'
    assert not (copied / 'configs').is_symlink()
    assert (copied / 'configs' / 'metafile.yml').read_bytes() == (copy / 'configs' / 'metafile.yml').read_bytes()
    assert (copied / 'model-index.yml').read_bytes() == (copy / 'model-index.yml').read_bytes()
    shutil.rmtree(copied)
