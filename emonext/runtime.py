"""ONNX Runtime Web, which the page without a server runs on: two files of an npm package, of one version."""
from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from emonext.errors import EmonextError

PACKAGE = 'onnxruntime-web'
# The package's names, and ours: some servers do not know .mjs.
FILES = {'ort.wasm.bundle.min.mjs': 'ort.js', 'ort-wasm-simd-threaded.wasm': 'ort.wasm'}
SECONDS = 600  # for the download
PINS = Path(__file__).parent / 'web' / 'package.json'  # names the version and the hash


def read_runtime(folder: str | Path | None = None) -> dict[str, bytes]:
    """The files of ONNX Runtime Web: ``ort.js`` and ``ort.wasm``.

    Args:
        folder: copy of the package or of its folder ``dist``; None to take it from npm, in the pinned version, whose
            hash is checked.

    Raises:
        EmonextError: a file is missing; or npm is not installed or fails, or its package is not the pinned one.
    """
    return _download() if folder is None else _read_folder(Path(folder))


def _read_folder(folder: Path) -> dict[str, bytes]:
    found = folder / 'dist' if (folder / 'dist').is_dir() else folder
    try:
        return {ours: (found / name).read_bytes() for name, ours in FILES.items()}
    except OSError as error:
        raise EmonextError(f'{error.filename}: {error.strerror}; expected a copy of {PACKAGE} with '
                           f'{" and ".join(FILES)}') from None


def _download() -> dict[str, bytes]:
    pins = json.loads(PINS.read_text())
    name = f'{PACKAGE}@{pins["dependencies"][PACKAGE]}'
    with TemporaryDirectory() as folder:
        archive = _pack(name, folder)
        check_integrity(archive, pins['integrity'][PACKAGE], name)
        with tarfile.open(archive) as package:
            return {ours: package.extractfile(f'package/dist/{file}').read() for file, ours in FILES.items()}


def _pack(name: str, folder: str) -> Path:
    """Download a package of npm, without running anything of it."""
    npm = shutil.which('npm')
    if npm is None:
        raise EmonextError(f'npm is not installed; install it, or give a copy of {name} with --ort DIR')
    command = [npm, 'pack', name, '--ignore-scripts', '--loglevel=error', '--fetch-retries=1']
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=SECONDS)
        return next(Path(folder).glob('*.tgz'))
    except (OSError, subprocess.SubprocessError, StopIteration) as error:
        reason = (getattr(error, 'stderr', None) or str(error) or 'no file').strip().splitlines()[0]
        raise EmonextError(f'npm pack {name}: {reason}; without a network, give a copy with --ort DIR') from None


def check_integrity(path: Path, integrity: str, name: str) -> None:
    """Refuse a file whose hash is not the given one.

    Args:
        integrity: algorithm and hash in base64, as in a package-lock.json: ``sha512-...``.
        name: of the package, for messages.

    Raises:
        EmonextError: see above.
    """
    algorithm, expected = integrity.split('-', 1)
    found = base64.b64encode(hashlib.new(algorithm, path.read_bytes()).digest()).decode()
    if found != expected:
        raise EmonextError(f'{name}: its {algorithm} hash is {found}, expected {expected}')
