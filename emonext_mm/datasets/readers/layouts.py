"""The layouts in which FER2013 goes round: which one lies in a folder, and how its faces are read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from emonext_mm.datasets.readers.face_table import SIZE, USAGES, FaceTable
from emonext_mm.datasets.readers.pixel_csv import read_pixel_csv
from emonext_mm.emotions import class_index

_TRAIN, _VAL, _TEST = range(3)  # places in USAGES
_SPLIT_FOLDERS = {'train': _TRAIN, 'val': _VAL, 'validation': _VAL, 'test': _TEST}
_CHUNK = 256  # images
_SUFFIXES = ('.png', '.jpg', '.jpeg', '.webp', '.bmp')

_NOT_FOUND = """No FER2013 data in {path}
Get it from Kaggle, either the challenge
  https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge
or, as image folders, the dataset https://www.kaggle.com/datasets/msambare/fer2013
and let data_root name a folder that holds one of these (or the csv file itself):
  fer2013.csv                       emotion,pixels,Usage   (with fer2013new.csv beside it for FER+)
  icml_face_data.csv                emotion, Usage, pixels
  train.csv, test.csv               emotion,pixels and pixels
  train/<class>/*.jpg               <class>: angry, disgust, fear, happy, sad, surprise, neutral
  test/<class>/*.jpg                called PublicTest_<id> (the split val) and PrivateTest_<id> (test)
  train/ val/ test/<class>/*.jpg    or validation/ for val/; png, jpg, jpeg, webp, bmp"""


class CsvSource:
    """A csv file of faces (see ``read_pixel_csv``)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path.parent
        self.cache_name = f'{path.name}.emonext_mm.cache'

    def key(self) -> dict:
        """What tells that the file has changed."""
        stat = self.path.stat()
        return {'name': self.path.name, 'size': stat.st_size, 'mtime_ns': stat.st_mtime_ns}

    def read(self) -> FaceTable:
        return read_pixel_csv(self.path)

    def why_missing(self, usage: int) -> str:
        return f'no rows of {USAGES[usage]}'


class _File(NamedTuple):
    """One image file. The order of the fields is the order of the faces."""

    usage: int
    number: int  # the digits that end the name without suffix; -1 without any
    path: str  # below the root, with slashes
    label: int
    size: int
    mtime_ns: int


class FolderSource:
    """A folder of folders of images: split, class, files.

    The faces of a split stand in the order of the number that ends their names, then of their paths.

    Raises:
        ValueError: a class folder of an unknown name, or a ``test/`` in which only some files tell by their
            names whether they are PublicTest or PrivateTest.
    """

    cache_name = 'fer2013_images.emonext_mm.cache'

    def __init__(self, path: Path) -> None:
        self.path = self.folder = path

    @cached_property
    def files(self) -> list[_File]:
        folders = _split_folders(self.path)
        files = [file for name, usage in folders.items() for file in self._scan(name, usage)]
        if _VAL not in folders.values():
            files = self._tell_val_from_test(files)
        return sorted(files)

    def _scan(self, split: str, usage: int) -> Iterator[_File]:
        for folder in _subfolders(self.path / split):
            try:
                label = class_index(folder.name)
            except ValueError as error:
                raise ValueError(f'{folder.path}: {error}') from None
            for entry in os.scandir(folder.path):
                stem, suffix = os.path.splitext(entry.name)
                if suffix.lower() in _SUFFIXES and not entry.name.startswith('.'):
                    digits = stem[len(stem.rstrip('0123456789')):]
                    stat = entry.stat()
                    yield _File(usage, int(digits or -1),
                                f'{split}/{folder.name}/{entry.name}', label, stat.st_size, stat.st_mtime_ns)

    def _tell_val_from_test(self, files: list[_File]) -> list[_File]:
        """Give the files of ``test/`` the usage that their names begin with, if they do."""
        prefixes = {file: _usage_of_name(file) for file in files if file.usage == _TEST}
        if not any(prefixes.values()):
            return files
        for file, usage in prefixes.items():
            if usage is None:
                raise ValueError(f'{self.path / file.path}: its name begins with neither PublicTest_ nor '
                                 'PrivateTest_, while those of other files in the folder do')
        return [file._replace(usage=prefixes.get(file, file.usage)) for file in files]

    def key(self) -> dict:
        """What tells that a file was added, removed or changed."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(f'{file.path}\0{file.size}\0{file.mtime_ns}\0'.encode())
        return {'name': 'images', 'count': len(self.files), 'sha256': digest.hexdigest()}

    def read(self) -> FaceTable:
        files = self.files
        if not files:
            raise ValueError(f'{self.path}: no images ({", ".join(_SUFFIXES)}) in its class folders')
        images = np.empty((len(files), SIZE, SIZE), np.uint8)

        def decode(start: int) -> None:
            for place, file in enumerate(files[start:start + _CHUNK], start):
                images[place] = read_image(os.path.join(self.path, file.path))

        # The decoder lets go of the interpreter; a task is a chunk, for one image costs less than a task.
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            list(pool.map(decode, range(0, len(files), _CHUNK)))  # going through them raises a thread's error
        return FaceTable.sorted_by_usage(images, np.array([file.label for file in files]),
                                         np.array([file.usage for file in files]),
                                         np.array([file.path.encode() for file in files]))

    def why_missing(self, usage: int) -> str:
        if usage == _VAL:
            return ('no images in val/ or validation/, and no PublicTest_ files in test/ '
                    '(a test split is never used for validation)')
        return 'no images in train/' if usage == _TRAIN else 'no images of PrivateTest in test/'


def find_source(data_root: str | Path, usage: int) -> CsvSource | FolderSource:
    """The first layout found: the file itself, fer2013.csv, icml_face_data.csv, train.csv/test.csv, folders.

    Of the competition's two files, ``test.csv`` serves the test split if it is there, ``train.csv`` all else.

    Args:
        data_root: a folder or a csv file.
        usage: index into ``USAGES``.

    Raises:
        FileNotFoundError: there is none; the message says where to get the data and how to lay them out.
    """
    root = Path(data_root).expanduser()
    if root.is_file():
        return CsvSource(root)
    if not root.is_dir():
        raise FileNotFoundError(_NOT_FOUND.format(path=root))
    present = {entry.name.lower(): Path(entry.path) for entry in os.scandir(root) if entry.is_file()}
    competition = ('test.csv', 'train.csv') if usage == _TEST else ('train.csv', 'test.csv')
    for name in ('fer2013.csv', 'icml_face_data.csv', *competition):
        if name in present:
            return CsvSource(present[name])
    if _split_folders(root):
        return FolderSource(root)
    raise FileNotFoundError(_NOT_FOUND.format(path=root))


def _subfolders(path: Path) -> list[os.DirEntry]:
    return [entry for entry in os.scandir(path) if entry.is_dir() and not entry.name.startswith('.')]


def _split_folders(root: Path) -> dict[str, int]:
    names = [entry.name for entry in _subfolders(root)]
    return {name: _SPLIT_FOLDERS[name.lower()] for name in names if name.lower() in _SPLIT_FOLDERS}


def _usage_of_name(file: _File) -> int | None:
    name = file.path.rpartition('/')[2]
    return next((usage for usage in (_VAL, _TEST) if name.startswith(f'{USAGES[usage]}_')), None)


def read_image(path: str) -> np.ndarray:
    """Grey image, (48, 48) uint8."""
    data = np.fromfile(path, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
    if image is None:
        raise ValueError(f'{path}: not an image that can be decoded')
    if image.shape != (SIZE, SIZE):
        height, width = image.shape
        raise ValueError(f'{path}: {width}x{height} pixels, expected {SIZE}x{SIZE}')
    return image
