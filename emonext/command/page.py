"""``emonext page``."""
from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from emonext.command.outputs import whole_file, writing
from emonext.errors import EmonextError, one_line
from emonext.one_file import to_one_file
from emonext.page import INDEX, build_page, is_page


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``emonext page``."""
    parser.add_argument('model', type=Path, metavar='MODEL.onnx', help='exported model, of tools/export.py')
    parser.add_argument('out', type=Path, metavar='OUT',
                        help='folder for any static server, or FILE.html, which opens from the disk')
    parser.add_argument('--faces', type=Path, metavar='FILE.onnx',
                        help='YuNet, which finds the faces (default: a square that is moved by hand)')
    parser.add_argument('--min-score', type=float, metavar='S', help='smallest score of a face, 0 to 1 (default: 0.6)')
    parser.add_argument('--ort', type=Path, metavar='DIR',
                        help='copy of the npm package onnxruntime-web, or of its dist (default: taken by npm)')


def run(args: argparse.Namespace) -> int:
    """Write the page, whole or not at all."""
    out = Path(os.path.realpath(args.out))  # a link to a folder stays
    single = out.suffix.lower() == '.html'
    _check(out, args.out, single)
    files = build_page(args.model, args.faces, args.ort, args.min_score)
    if single:
        content = to_one_file(files)
        with whole_file(out) as part:
            part.write_bytes(content)
        how = 'open it in a browser'
    else:
        _check_foreign(out, args.out, files)
        with writing(args.out):
            _write_folder(out, files)
        how = f'serve it, for example: python -m http.server --bind 127.0.0.1 --directory {shlex.quote(str(args.out))}'
    size = len(content) if single else sum(map(len, files.values()))
    with writing('stdout'):
        print(one_line(f'{args.out}: {size / 1e6:.1f} MB; {how}'))
    return 0


def _check(out: Path, name: Path, single: bool) -> None:
    """Refuse an output that exists and is no page."""
    if not out.exists():
        return
    if out == Path.cwd():
        raise EmonextError(f'{name}: this is the present folder, which would be exchanged')
    if not (out.is_dir() or out.is_file()):
        raise EmonextError(f'{name}: this is no regular file')
    if out.is_dir() == single:
        raise EmonextError(f'{name}: this is a {"folder" if single else "file"}')
    page = out if single else out / INDEX
    is_empty = out.stat().st_size == 0 if single else not any(out.iterdir())
    if not is_empty and not is_page(page):
        raise EmonextError(f'{name}: this {"file" if single else "folder"} was not written by emonext page')


def _check_foreign(out: Path, name: Path, files: dict[str, bytes]) -> None:
    """Refuse a folder with anything that is not of a page, which would be lost."""
    ours = files.keys() | ({'faces.onnx'} if _has_finder(out) else set())
    folders = {str(Path(path).parent) for path in ours}
    for path in sorted(out.rglob('*')):
        inside = str(path.relative_to(out))
        if path.is_symlink() or inside not in (folders if path.is_dir() else ours):
            raise EmonextError(f'{name} has something that emonext page did not write: {inside}')


def _has_finder(page: Path) -> bool:
    try:
        return json.loads((page / 'page.json').read_text())['finder'] is True
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _write_folder(out: Path, files: dict[str, bytes]) -> None:
    """Write a folder under another name, and exchange it when it is complete."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix='.emonext_', dir=out.parent) as folder:
        new, old = Path(folder, 'new'), Path(folder, 'old')
        for path, content in files.items():
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            (new / path).write_bytes(content)
        if out.exists():
            shutil.copymode(out, new)
            out.rename(old)
        try:
            new.rename(out)
        except OSError:
            if old.exists():
                old.rename(out)
            raise
