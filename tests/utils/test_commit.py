import subprocess

import emonext_mm
from emonext_mm.utils.commit import find_commit


def git(folder, *command):
    identity = ('-c', 'user.name=a', '-c', 'user.email=a@b')
    run = subprocess.run(['git', *identity, *command], cwd=folder, check=True, capture_output=True, text=True)
    return run.stdout.strip()


def test_commit_of_a_checkout(tmp_path):
    git(tmp_path, 'init', '-q')
    git(tmp_path, 'commit', '-q', '--allow-empty', '-m', 'first')
    head = git(tmp_path, 'rev-parse', 'HEAD')
    assert find_commit(tmp_path) == head
    (tmp_path / 'config.py').touch()
    assert find_commit(tmp_path) == f'{head}-dirty'


def test_version_without_a_checkout(tmp_path, monkeypatch):
    """Also inside of another checkout, as an installed package may be; without a commit; and without git."""
    version = f'version {emonext_mm.__version__}'
    git(tmp_path, 'init', '-q')
    (tmp_path / 'site-packages').mkdir()
    assert find_commit(tmp_path / 'site-packages') == version
    assert find_commit(tmp_path) == version
    git(tmp_path, 'commit', '-q', '--allow-empty', '-m', 'first')
    monkeypatch.setenv('PATH', '')
    assert find_commit(tmp_path) == version
