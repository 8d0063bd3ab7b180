"""What can be predicted: files, folders, patterns, arrays, images, bytes, a camera, and lists of them."""
from __future__ import annotations

import glob
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from emonext.errors import EmonextError
from emonext.files import check_file
from emonext.pictures import open_image

PICTURES = {'.apng', '.avif', '.bmp', '.dib', '.gif', '.j2c', '.j2k', '.jfif', '.jp2', '.jpc', '.jpe', '.jpeg', '.jpf',
            '.jpg', '.jpx', '.mpo', '.pbm', '.pfm', '.pgm', '.png', '.pnm', '.ppm', '.tif', '.tiff', '.webp'}
VIDEOS = {'.3g2', '.3gp', '.asf', '.avi', '.f4v', '.flv', '.m1v', '.m2t', '.m2ts', '.m2v', '.m4v', '.mj2', '.mkv',
          '.mov', '.mp4', '.mpeg', '.mpg', '.mts', '.ogv', '.qt', '.ts', '.vob', '.webm', '.wmv', '.y4m'}
# Pictures and videos of other formats: a folder tells that it has them.
UNREAD = {'.arw', '.cr2', '.cr3', '.dng', '.exr', '.heic', '.heics', '.heif', '.hif', '.jxl', '.nef', '.orf', '.psd',
          '.raf', '.rw2', '.tga', '.dv', '.mxf', '.rm', '.rmvb'}


@dataclass(frozen=True)
class Item:
    """One thing to predict: its name, its content, and its kind.

    The kind is 'picture', 'array', 'video', 'camera', or 'error' for what cannot be found; its content is the error.
    """

    name: str
    content: Any
    kind: str


def find_items(source: Any) -> Iterator[Item]:
    """Items of a source, in order; files of a folder sorted by name, its folders after them.

    Args:
        source: path of a picture, video or folder, whose pictures and videos are found by their suffixes, without
            hidden ones (``.name``) and without links to folders, with a warning of those of formats that are not read
            (HEIC, raw ones, ...); pattern such as ``'in/**/*.jpg'``; array (H, W),
            (H, W, C) or (N, H, W, C), also of another library such as torch; PIL image; bytes of a picture file, or a
            binary file that is open; an iterable of these; or int, the number of a camera.
    """
    counter = {'array': 0, 'image': 0, 'bytes': 0}
    if isinstance(source, (int, np.integer)) and not isinstance(source, bool):
        yield Item(f'camera {source}', int(source), 'camera')
    else:
        yield from _find(source, counter)


def _find(source: Any, counter: dict[str, int]) -> Iterator[Item]:
    if isinstance(source, (str, os.PathLike)):
        yield from _find_files(os.fspath(source))
    elif isinstance(source, Image.Image):
        yield Item(getattr(source, 'filename', '') or _number('image', counter), source, 'picture')
    elif isinstance(source, (bytes, bytearray, memoryview)):
        yield Item(_number('bytes', counter), bytes(source), 'picture')
    elif hasattr(source, 'read'):
        yield from _find(source.read(), counter)
    elif hasattr(source, '__array__') and (array := np.asarray(source)).dtype.kind not in 'OSU':  # else of paths
        for part in (array if array.ndim == 4 else [array]):
            yield Item(_number('array', counter), part, 'array')
    elif isinstance(source, Iterable):
        for part in source:
            yield from _find(part, counter)
    else:
        yield _error(str(source)[:40], f'{type(source).__name__}, expected a path, array, image, bytes or a list of '
                     'them')


def _number(kind: str, counter: dict[str, int]) -> str:
    counter[kind] += 1
    return f'{kind} {counter[kind] - 1}'


def _error(name: str, message: str) -> Item:
    return Item(name, EmonextError(f'{name}: {message}'), 'error')


def _find_files(path: str) -> Iterator[Item]:
    if os.path.isdir(path):
        found = False
        for item in _walk(path):
            found = True
            yield item
        if not found:
            yield _error(path, 'no picture or video in this folder')
    elif not os.path.exists(path) and glob.has_magic(path):
        found = [name for name in sorted(glob.iglob(path, recursive=True)) if not os.path.isdir(name)]
        yield from map(_file, found)
        if not found:
            yield _error(path, 'no file fits this pattern')
    else:
        yield _file(path)


def _walk(path: str) -> Iterator[Item]:
    errors: list[OSError] = []
    unread: list[str] = []
    for folder, folders, names in os.walk(path, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        for name in sorted(names):
            suffix = Path(name).suffix.lower()
            if suffix in PICTURES | VIDEOS and not name.startswith('.'):
                yield _file(os.path.join(folder, name))
            elif suffix in UNREAD and not name.startswith('.'):
                unread.append(os.path.join(folder, name))
    if unread:
        warnings.warn(f'{len(unread)} pictures or videos of formats that are not read were left out, the first is '
                      f'{unread[0]}', stacklevel=2)
    for error in errors:
        yield _error(str(error.filename), error.strerror)


def _file(path: str) -> Item:
    suffix = Path(path).suffix.lower()
    return Item(path, path, 'video' if suffix in VIDEOS or (suffix == '.gif' and _is_animated(path)) else 'picture')


def _is_animated(path: str) -> bool:
    try:
        check_file(path, path)
        with open_image(path) as image:
            return bool(getattr(image, 'is_animated', False))
    except Exception:  # of any class; it is reported when the file is read
        return False
