import base64
import hashlib
import io
import json
import os
import shutil
import tarfile

import pytest

from emonext import runtime
from emonext.errors import EmonextError
from emonext.runtime import FILES, PACKAGE, PINS, check_integrity, read_runtime
from tests.emonext.webs import write_runtime


@pytest.mark.parametrize('inside', ['', 'dist'])
def test_a_copy(tmp_path, inside):
    """A folder of the files, or of the package."""
    write_runtime(tmp_path / inside)
    assert read_runtime(tmp_path) == {'ort.js': b'// ort.js', 'ort.wasm': b'// ort.wasm'}


def test_an_incomplete_copy(tmp_path):
    name = list(FILES)[1]
    (write_runtime(tmp_path) / name).unlink()
    with pytest.raises(EmonextError, match=name):
        read_runtime(tmp_path)


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Replace npm by a program that puts a package, or a message, in its place, and pin the hash of that package."""

    def write(error=None):
        archive = tmp_path / 'package.tgz'
        with tarfile.open(archive, 'w:gz') as file:
            for name, ours in FILES.items():
                entry = tarfile.TarInfo(f'package/dist/{name}')
                entry.size = len(ours)
                file.addfile(entry, io.BytesIO(ours.encode()))
        found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        pins = dict(dependencies={PACKAGE: '1.2.3'}, integrity={PACKAGE: f'sha512-{found}'})
        (tmp_path / 'pins.json').write_text(json.dumps(pins))
        monkeypatch.setattr(runtime, 'PINS', tmp_path / 'pins.json')
        (tmp_path / 'bin').mkdir()
        program = tmp_path / 'bin' / 'npm'
        end = f'echo "npm error {error}" >&2; exit 1' if error else f'cp {archive} {PACKAGE}-1.2.3.tgz'
        program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n{end}\n')
        program.chmod(0o755)
        monkeypatch.setenv('PATH', f'{tmp_path / "bin"}{os.pathsep}{os.environ["PATH"]}')
        return tmp_path

    return write


needs_shell = pytest.mark.skipif(os.name != 'posix', reason='npm is replaced by a shell script')


@needs_shell
def test_download(npm):
    folder = npm()
    assert read_runtime() == {'ort.js': b'ort.js', 'ort.wasm': b'ort.wasm'}
    words = (folder / 'arguments').read_text().split()
    assert words[:2] == ['pack', f'{PACKAGE}@1.2.3']
    assert '--ignore-scripts' in words


@needs_shell
def test_no_network(npm):
    npm(error='code ENOTFOUND')
    with pytest.raises(EmonextError, match=r'onnxruntime-web@1\.2\.3.*ENOTFOUND.*--ort'):
        read_runtime()


def test_no_npm(monkeypatch):
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    with pytest.raises(EmonextError, match=r'npm.*--ort'):
        read_runtime()


def test_integrity(tmp_path):
    """The SHA-512 of the empty text, from FIPS 180's examples."""
    path = tmp_path / 'empty'
    path.touch()
    empty = ('cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce'
             '47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e')
    integrity = f'sha512-{base64.b64encode(bytes.fromhex(empty)).decode()}'
    check_integrity(path, integrity, 'it')
    path.write_text('changed')
    with pytest.raises(EmonextError, match=r'it: .*sha512'):
        check_integrity(path, integrity, 'it')


def test_the_pin_is_complete():
    """One exact version with a SHA-512, 64 bytes."""
    pins = json.loads(PINS.read_text())
    assert pins['dependencies'][PACKAGE].replace('.', '').isdecimal()
    algorithm, _, text = pins['integrity'][PACKAGE].partition('-')
    assert (algorithm, len(base64.b64decode(text))) == ('sha512', 64)
