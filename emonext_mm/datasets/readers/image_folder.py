"""Faces in image folders, ``<split>/<class>/<file>``."""
from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.logging import print_log

from emonext_mm.datasets.readers.face_table import SIZE, FaceTable
from emonext_mm.datasets.readers.image_file import image_pool, read_image, resize
from emonext_mm.datasets.splits import OFFICIAL_NAMES, SPLITS, split_of_word
from emonext_mm.emotions import class_index
from emonext_mm.utils.images import SUFFIXES
from emonext_mm.utils.strangers import is_unicode, shorten

# Names of what may lie among the images, if they do not end as those of images. Everything else in a class folder is
# read as an image, or refused.
ASIDE_BEGIN = ('.', '@', '__')
ASIDE_END = ('.txt', '.csv', '.json', '.xml', '.md', '.html', '.db', '.ini')
MAX_TABLE = 2**34  # bytes of all images of one size
_CHUNK = 256  # images of one task; a task costs more than one image


class _File(NamedTuple):
    """One image file. The order of the fields is the order of the faces."""

    split: int  # index into SPLITS
    number: int  # the digits that end the name without suffix; -1 without any
    path: str  # below the root, with slashes
    label: int
    size: int  # -1 where the file cannot be found
    mtime_ns: int


class FolderSource:
    """A folder of image files, ``<split>/<class>/<file>``.

    The faces of a split are in the order of the number that ends their names, then of their paths.

    Args:
        path: the folder.
        side: images of another size are brought to it; None keeps the size, which must be one.

    Raises:
        ValueError: a class folder has an unknown name, two folders are of one split, an image lies outside of the class
            folders, or only some of the files in ``test/`` are named PublicTest or PrivateTest.
    """

    def __init__(self, path: Path, side: int | None = SIZE) -> None:
        self.path = self.folder = path
        self.side = side
        self.name = 'fer2013_images' if side == SIZE else f'fer2013_images_{side or "stored"}'

    @cached_property
    def files(self) -> list[_File]:
        folders = split_folders(self.path)
        for name, split in folders.items():
            other = next(other for other in folders if folders[other] == split)
            if other != name:
                raise ValueError(f'{self.path}: two folders of the split {split}, {other} and {name}')
        files = [file for name, split in folders.items() for file in self._scan(name, SPLITS.index(split))]
        if 'val' not in folders.values():
            files = self._separate_val_from_test(files)
        return sorted(files)

    def _scan(self, split_folder: str, split: int) -> Iterator[_File]:
        for folder in os.scandir(self.path / split_folder):
            if _is_aside(folder.name):
                continue
            if folder.is_dir():
                label = _label(folder)
                yield from (_file(split, label, f'{split_folder}/{folder.name}', entry)
                            for entry in os.scandir(folder.path) if not _is_aside(entry.name))
            elif folder.name.lower().endswith(SUFFIXES):
                raise ValueError(f'{folder.path}: an image outside of the class folders')

    def _separate_val_from_test(self, files: list[_File]) -> list[_File]:
        """Assign the files of ``test/`` to val and test by their prefix PublicTest_ or PrivateTest_, if any has one."""
        splits = {file: _split_of_name(file) for file in files if SPLITS[file.split] == 'test'}
        if all(split is None for split in splits.values()):
            return files
        for file, split in splits.items():
            if split is None:
                raise ValueError(f'{self.path / file.path}: its name begins with neither PublicTest_ nor '
                                 'PrivateTest_, while those of other files in the folder do')
        return [file._replace(split=splits.get(file, file.split)) for file in files]

    def state(self) -> str:
        """Paths, sizes and modification times of all files, as text that differs after a change."""
        return '\n'.join(f'{file.path} {file.size} {file.mtime_ns}' for file in self.files)

    def read(self) -> FaceTable:
        files = self.files
        if not files:
            raise ValueError(f'{self.path}: no images in its class folders')
        paths = [os.path.join(self.path, file.path) for file in files]
        side = self.side or len(read_image(paths[0]))
        if len(files) * side * side > MAX_TABLE:
            raise ValueError(f'{self.path}: {len(files):,} images of {side}x{side} pixels take more than {MAX_TABLE:,} '
                             'bytes; set a smaller face_size')
        images, others = np.empty((len(files), side, side), np.uint8), []

        def decode(start: int) -> None:
            for index, path in enumerate(paths[start:start + _CHUNK], start):
                image = read_image(path)
                others.extend([len(image)] if len(image) != side else [])
                images[index] = self._bring_to(side, image, path)

        with image_pool() as pool:
            list(pool.map(decode, range(0, len(files), _CHUNK)))  # taking the results raises a thread's error
        if others:
            print_log(f'{self.path}: {len(others):,} of {len(files):,} images of {min(others)} to {max(others)} pixels '
                      f'are brought to {side}x{side}', logger='current', level=logging.INFO)
        return FaceTable.sorted_by_split(images, np.array([file.label for file in files]),
                                         np.array([file.split for file in files]),
                                         np.array([file.path.encode() for file in files]))

    def _bring_to(self, side: int, image: np.ndarray, path: str) -> np.ndarray:
        if self.side is None and len(image) != side:
            raise ValueError(f'{path}: {len(image)}x{len(image)} pixels, others have {side}x{side}; set face_size to '
                             'bring all to one size')
        return resize(image, side)

    def why_missing(self, split: str) -> str:
        return {
            'train': 'no images in train/',
            'val': 'no images in val/, valid/, validation/ or PublicTest/, and no PublicTest_ files in test/ '
                   '(a test split is never used for validation)',
            'test': 'no images of PrivateTest in test/ or PrivateTest/',
        }[split]


def split_folders(root: Path) -> dict[str, str]:
    """Name of each folder of a split, and its split."""
    splits = {entry.name: split_of_word(entry.name) for entry in os.scandir(root)}
    return {name: split for name, split in sorted(splits.items()) if split is not None and (root / name).is_dir()}


def _label(folder: os.DirEntry) -> int:
    try:
        return class_index(folder.name)
    except ValueError as error:
        raise ValueError(f'{folder.path}: {error}') from None


def _is_aside(name: str) -> bool:
    if name.startswith('._'):  # macOS keeps the attributes of an image there
        return True
    return not name.lower().endswith(SUFFIXES) and (name.startswith(ASIDE_BEGIN) or name.lower().endswith(ASIDE_END))


def _file(split: int, label: int, folder: str, entry: os.DirEntry) -> _File:
    if not is_unicode(entry.name):
        raise ValueError(f'{shorten(entry.path, 300)}: its name is no text in Unicode')
    stem = os.path.splitext(entry.name)[0]
    digits = stem[len(stem.rstrip('0123456789')):][-18:]
    try:
        stat = entry.stat()
        size, time = stat.st_size, stat.st_mtime_ns
    except OSError:  # a link that leads nowhere; reading it raises an error with its name
        size, time = -1, 0
    return _File(split, int(digits or -1), f'{folder}/{entry.name}', label, size, time)


def _split_of_name(file: _File) -> int | None:
    """Index of the split whose official name is the prefix of a file's name, if any."""
    name = file.path.rpartition('/')[2]
    for split in ('val', 'test'):
        if name.startswith(f'{OFFICIAL_NAMES[split]}_'):
            return SPLITS.index(split)
    return None


