"""The layouts in which FER2013 circulates: find the one in a folder, and read its faces."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from emonext_mm.datasets.readers.face_table import SIZE, FaceTable
from emonext_mm.datasets.readers.pixel_csv import read_pixel_csv
from emonext_mm.datasets.splits import OFFICIAL_NAMES, SPLITS
from emonext_mm.emotions import class_index

_SPLIT_FOLDERS = {'train': 'train', 'val': 'val', 'validation': 'val', 'test': 'test'}
_CHUNK = 256  # images
_SUFFIXES = ('.png', '.jpg', '.jpeg', '.webp', '.bmp')

_NOT_FOUND = """No FER2013 data in {path}
Get it from Kaggle, either the challenge
  https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge
or, as image folders, the dataset https://www.kaggle.com/datasets/msambare/fer2013
and set data_root to a folder that holds one of these (or to the csv file itself):
  fer2013.csv                       emotion,pixels,Usage   (with fer2013new.csv beside it for FER+)
  icml_face_data.csv                emotion, Usage, pixels
  train.csv, test.csv               emotion,pixels and pixels
  train/<class>/*.jpg               <class>: angry, disgust, fear, happy, sad, surprise, neutral
  test/<class>/*.jpg                named PublicTest_<id> (the split val) and PrivateTest_<id> (test)
  train/ val/ test/<class>/*.jpg    or validation/ for val/; png, jpg, jpeg, webp, bmp"""


class CsvSource:
    """A csv file of faces, see ``read_pixel_csv``.

    Attributes:
        name: name of the file.
        folder: its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name, self.folder = path, path.name, path.parent

    def state(self) -> str:
        """Size and modification time of the file, as text that differs after a change."""
        stat = self.path.stat()
        return f'{stat.st_size} {stat.st_mtime_ns}'

    def read(self) -> FaceTable:
        return read_pixel_csv(self.path)

    def why_missing(self, split: str) -> str:
        return f'no rows of {OFFICIAL_NAMES[split]}'


class _File(NamedTuple):
    """One image file. The order of the fields is the order of the faces."""

    split: int  # index into SPLITS
    number: int  # the digits that end the name without suffix; -1 without any
    path: str  # below the root, with slashes
    label: int
    size: int
    mtime_ns: int


class FolderSource:
    """A folder of image files, ``<split>/<class>/<file>``.

    The faces of a split are in the order of the number that ends their names, then of their paths.

    Raises:
        ValueError: a class folder has an unknown name, or only some of the files in ``test/`` are named PublicTest or
            PrivateTest.
    """

    name = 'fer2013_images'

    def __init__(self, path: Path) -> None:
        self.path = self.folder = path

    @cached_property
    def files(self) -> list[_File]:
        folders = _split_folders(self.path)
        files = [file for name, split in folders.items() for file in self._scan(name, SPLITS.index(split))]
        if 'val' not in folders.values():
            files = self._separate_val_from_test(files)
        return sorted(files)

    def _scan(self, split_folder: str, split: int) -> Iterator[_File]:
        for folder in _subfolders(self.path / split_folder):
            try:
                label = class_index(folder.name)
            except ValueError as error:
                raise ValueError(f'{folder.path}: {error}') from None
            for entry in os.scandir(folder.path):
                stem, suffix = os.path.splitext(entry.name)
                if suffix.lower() in _SUFFIXES and not entry.name.startswith('.'):
                    digits = stem[len(stem.rstrip('0123456789')):]
                    stat = entry.stat()
                    yield _File(split, int(digits or -1),
                                f'{split_folder}/{folder.name}/{entry.name}', label, stat.st_size, stat.st_mtime_ns)

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
            raise ValueError(f'{self.path}: no images ({", ".join(_SUFFIXES)}) in its class folders')
        images = np.empty((len(files), SIZE, SIZE), np.uint8)

        def decode(start: int) -> None:
            for index, file in enumerate(files[start:start + _CHUNK], start):
                images[index] = read_image(os.path.join(self.path, file.path))

        # The decoder releases the interpreter lock; a task is a chunk, because a task costs more than one image.
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            list(pool.map(decode, range(0, len(files), _CHUNK)))  # taking the results raises a thread's error
        return FaceTable.sorted_by_split(images, np.array([file.label for file in files]),
                                         np.array([file.split for file in files]),
                                         np.array([file.path.encode() for file in files]))

    def why_missing(self, split: str) -> str:
        return {
            'train': 'no images in train/',
            'val': 'no images in val/ or validation/, and no PublicTest_ files in test/ '
                   '(a test split is never used for validation)',
            'test': 'no images of PrivateTest in test/',
        }[split]


def find_source(data_root: str | Path, split: str) -> CsvSource | FolderSource:
    """Find the source of a split: the file itself, fer2013.csv, icml_face_data.csv, train.csv or test.csv, folders.

    The first one that exists is taken. Of the competition's two files, ``test.csv`` is preferred for the split test,
    ``train.csv`` for the others.

    Args:
        data_root: a folder or a csv file.
        split: one of ``SPLITS``.

    Raises:
        FileNotFoundError: there is none; the message explains where to get the data and which layouts are read.
    """
    root = Path(data_root).expanduser()
    if root.is_file():
        return CsvSource(root)
    if not root.is_dir():
        raise FileNotFoundError(_NOT_FOUND.format(path=root))
    present = {entry.name.lower(): Path(entry.path) for entry in os.scandir(root) if entry.is_file()}
    competition = ('test.csv', 'train.csv') if split == 'test' else ('train.csv', 'test.csv')
    for name in ('fer2013.csv', 'icml_face_data.csv', *competition):
        if name in present:
            return CsvSource(present[name])
    if _split_folders(root):
        return FolderSource(root)
    raise FileNotFoundError(_NOT_FOUND.format(path=root))


def _subfolders(path: Path) -> list[os.DirEntry]:
    return [entry for entry in os.scandir(path) if entry.is_dir() and not entry.name.startswith('.')]


def _split_folders(root: Path) -> dict[str, str]:
    """Name of each folder of a split, and its split."""
    names = [entry.name for entry in _subfolders(root)]
    return {name: _SPLIT_FOLDERS[name.lower()] for name in names if name.lower() in _SPLIT_FOLDERS}


def _split_of_name(file: _File) -> int | None:
    """Index of the split whose official name is the prefix of a file's name, if any."""
    name = file.path.rpartition('/')[2]
    for split in ('val', 'test'):
        if name.startswith(f'{OFFICIAL_NAMES[split]}_'):
            return SPLITS.index(split)
    return None


def read_image(path: str) -> np.ndarray:
    """Read a grey image, (48, 48) uint8.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no image, or one of another size.
    """
    data = np.fromfile(path, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
    if image is None:
        raise ValueError(f'{path}: not an image that can be decoded')
    if image.shape != (SIZE, SIZE):
        height, width = image.shape
        raise ValueError(f'{path}: {width}x{height} pixels, expected {SIZE}x{SIZE}')
    return image
