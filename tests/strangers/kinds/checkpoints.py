"""Checkpoints: any contents, damaged and compressed archives, forged pickles, the former formats, safetensors."""
from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st
from mmengine.runner import load_checkpoint
from torch import Tensor, nn

from emonext_mm.apis.convert import ALL_SOURCES, convert
from emonext_mm.utils.checkpoint_content import check_resumable
from emonext_mm.utils.checkpoints import read_checkpoint
from tests.helpers.archives import rewrite
from tests.strangers.campaign import Kind
from tests.strangers.wild import CHANGES, EDITS, Change, Edit, change, damage

# Text in a content that stands for an object which JSON does not have.
OBJECTS = {
    '@tensor': lambda: torch.zeros(2, 2), '@meta': lambda: torch.zeros(2, 2, device='meta'),
    '@complex': lambda: torch.zeros(2, 2, dtype=torch.complex64), '@sparse': lambda: torch.eye(2).to_sparse(),
    '@expanded': lambda: torch.zeros(1).expand(10**12), '@bool': lambda: torch.zeros(2, dtype=torch.bool),
    '@array': lambda: np.arange(3), '@object': lambda: np.array([None], object), '@set': lambda: {1, 'x'},
    '@bytes': lambda: b'x', '@print': lambda: print, '@deep': lambda: _deep(5000), '@forged': lambda: _forged(),
}
CONTENT = {'meta': {'epoch': 1, 'iter': 2, 'config': 'raise SystemExit', 'arch': 'atto', 'converted_from': 'timm'},
           'state_dict': {'weight': '@tensor', 'bias': '@tensor'}, 'message_hub': {},
           'optimizer': {'state': [{'step': '@tensor'}]}}
SPECIAL = st.builds(Change, st.lists(st.integers(0, 50), max_size=5),
                    st.sampled_from(list(OBJECTS)) | st.just({'weight': '@meta'}), st.booleans())
NAMES = [
    b'torch._utils _rebuild_tensor_v2', b'torch FloatStorage', b'torch device', b'torch Size', b'numpy ndarray',
    b'numpy dtype', b'torch.nn.parameter Parameter', b'collections OrderedDict', b'_codecs encode',
    b'numpy._core.multiarray _reconstruct',
    b'builtins getattr', b'builtins bytearray', b'mmengine.logging.history_buffer HistoryBuffer', b'os system']
OPERATIONS = [
    b'}', b']', b')', b'N', b'(', b't', b'R', b'b', b's', b'u', b'a', b'e', b'0', b'Q', b'.', b'\x85', b'\x86', b'\x81',
    b'q\0', b'h\0', b'K\2', b'J\xff\xff\xff\x7f', b'\x8a\6\0\0\0\0\0\1', b'X\1\0\0\0a', b'X\xff\xff\xff\x7f']
PICKLED = st.sampled_from(OPERATIONS + [b'c' + name.replace(b' ', b'\n') + b'\n' for name in NAMES])


class Case(NamedTuple):
    form: str
    changes: list[Change]
    edits: list[Edit]  # of the file
    inner: list[Edit]  # of the pickle in the archive
    pickled: list[bytes] | None  # in place of the pickle
    bloat: int  # bytes of a storage
    reader: str


NONE = st.just([])
CASES = st.builds(
    Case, st.sampled_from(['zip'] * 4 + ['legacy', 'safetensors', 'tar']), st.lists(SPECIAL, max_size=2) | CHANGES,
    NONE | EDITS, NONE | EDITS, st.none() | st.none() | st.lists(PICKLED, min_size=1, max_size=12),
    st.sampled_from([0, 0, 0, 10**8]), st.sampled_from(['read', 'load', 'resume', *ALL_SOURCES]))


def _deep(levels: int) -> list:
    nested: list = []
    for _ in range(levels):
        nested = [nested]
    return nested


def _forged() -> OrderedDict:
    """An ordered dict whose pickle brings attributes in place of its methods."""
    forged = OrderedDict(weight=torch.zeros(2, 2))
    vars(forged).update(items='x', _metadata={'': {'check': 5}})
    return forged


def build(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: build(item) for key, item in value.items()}
    if isinstance(value, list):
        return [build(item) for item in value]
    return OBJECTS[value]() if isinstance(value, str) and value in OBJECTS else value


def write(case: Case, folder: Path) -> None:
    path = folder / name_of(case)
    content = build(change(CONTENT, case.changes))
    if case.form == 'safetensors':
        path.write_bytes(damage(_safetensors(content), case.edits))
        return
    file = io.BytesIO()
    try:
        torch.save(content, file, _use_new_zipfile_serialization=case.form != 'legacy')
    except Exception:  # what cannot be pickled here, such as a number beyond 64 bits
        torch.save({}, file)
    path.write_bytes(file.getvalue())
    if case.form == 'tar':
        with tarfile.open(path, 'w') as archive:
            archive.addfile(tarfile.TarInfo('storages'))
    elif zipfile.is_zipfile(path) and (case.bloat or case.inner or case.pickled):
        _change_archive(case, path, folder)
    path.write_bytes(damage(path.read_bytes(), case.edits))


def _change_archive(case: Case, path: Path, folder: Path) -> None:
    def edit(name: str, content: bytes) -> bytes:
        if name == 'data.pkl':
            return damage(b'\x80\2' + b''.join(case.pickled) if case.pickled else content, case.inner)
        return bytes(case.bloat) if name == '0' and case.bloat else content

    rewrite(path, folder / 'new', edit, zipfile.ZIP_DEFLATED if case.bloat else zipfile.ZIP_STORED).rename(path)


def _safetensors(content: Any) -> bytes:
    """A header that declares whatever the content holds."""
    def header(value: Any) -> Any:
        if isinstance(value, Tensor):
            return {'dtype': 'F32', 'shape': list(value.shape), 'data_offsets': [0, 16]}
        if isinstance(value, dict):
            return {str(key): header(item) for key, item in value.items()}
        return value if isinstance(value, (str, int, float, type(None))) else str(type(value))

    state = content.get('state_dict', content) if isinstance(content, dict) else content
    entries = header(state if isinstance(state, dict) else {})
    text = json.dumps({'__metadata__': {'emonext_mm': '{}'}, **entries}).encode()
    return struct.pack('<Q', len(text)) + text + bytes(16)


def name_of(case: Case) -> str:
    return 'it.safetensors' if case.form == 'safetensors' else 'it.pth'


def read(case: Case, folder: Path) -> None:
    path = folder / name_of(case)
    if case.reader == 'load':
        load_checkpoint(nn.Linear(2, 2), str(path), 'cpu')
    elif case.reader in ALL_SOURCES:
        convert(path, folder / 'made.pth', case.reader)
    else:
        content = read_checkpoint(path)
        assert 'config' not in content.get('meta', {})
        if case.reader == 'resume':
            check_resumable(content)


KIND = Kind(CASES, write, read, lambda path, refused: path.endswith('made.pth') and not refused)
