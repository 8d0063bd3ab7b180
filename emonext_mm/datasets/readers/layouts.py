"""The layouts in which FER2013 circulates: find the one in a folder."""
from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from emonext_mm.datasets.readers.archives import SUFFIXES, refuse_archive
from emonext_mm.datasets.readers.face_table import SIZE, FaceTable
from emonext_mm.datasets.readers.image_folder import FolderSource, split_folders
from emonext_mm.datasets.readers.pixel_csv import has_pixels, read_pixel_csv
from emonext_mm.datasets.splits import OFFICIAL_NAMES, SPLITS
from emonext_mm.utils.files import check_regular

DEPTH = 2  # levels of folders below data_root that are searched
MAX_FOLDERS = 200  # on one level
_WHOLE = ('fer2013.csv', 'icml_face_data.csv')
_PARTS = {'train': ('train.csv', 'training.csv'), 'val': ('val.csv', 'valid.csv', 'validation.csv', 'publictest.csv'),
          'test': ('test.csv', 'privatetest.csv')}

_NOT_FOUND = """No FER2013 data in {path}
Get it from Kaggle, either the challenge
  https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge
or, as image folders, the dataset https://www.kaggle.com/datasets/msambare/fer2013
and set data_root to a folder that holds one of these (or to the csv file itself):
  fer2013.csv                       emotion,pixels,Usage   (with fer2013new.csv beside it for FER+)
  icml_face_data.csv                emotion, Usage, pixels
  train.csv, val.csv, test.csv      emotion,pixels[,Usage]; test.csv also without emotion
  train/<class>/*.jpg               <class>: angry, disgust, fear, happy, sad, surprise, neutral
  test/<class>/*.jpg                named PublicTest_<id> (the split val) and PrivateTest_<id> (test)
  train/ val/ test/<class>/*.jpg    or valid/, validation/ for val/; or Training/ PublicTest/ PrivateTest/"""


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


def find_source(data_root: str | Path, split: str, side: int | None = SIZE) -> CsvSource | FolderSource:
    """Find the source of a split: the file itself; fer2013.csv, icml_face_data.csv or the split's own csv; folders.

    The first one that exists is taken. A csv file without pixels, which only lists image files, is none beside folders.
    Where a folder has no data, its subfolders are searched, and theirs.

    Args:
        data_root: a folder or a csv file.
        split: one of ``SPLITS``.
        side: see :class:`FolderSource`.

    Raises:
        FileNotFoundError: there is none; the message explains where to get the data and which layouts are read.
        ValueError: there is an archive in their place, or several subfolders have data, or ``data_root`` is a pipe, ...
    """
    root = Path(data_root).expanduser()
    if '\0' in str(root) or not root.exists():
        raise FileNotFoundError(_NOT_FOUND.format(path=str(root).replace('\0', '\\0')))
    if not root.is_dir():
        check_regular(root)
        refuse_archive(root)
        return CsvSource(root)
    folders = [root]
    for _ in range(DEPTH + 1):
        found = [source for folder in folders if (source := _source_in(folder, split, side))]
        if len(found) > 1:
            raise ValueError(f'{root}: several folders have data, {", ".join(str(each.folder) for each in found[:5])}; '
                             'set data_root to one of them')
        if found:
            return found[0]
        folders = _subfolders(folders)
    for name in sorted(os.listdir(root)):
        if name.lower().endswith(SUFFIXES) and (root / name).is_file():
            refuse_archive(root / name)
    raise FileNotFoundError(_NOT_FOUND.format(path=root))


def _source_in(folder: Path, split: str, side: int | None) -> CsvSource | FolderSource | None:
    try:
        names = {name.lower(): name for name in os.listdir(folder)}
    except OSError:  # not ours to read
        return None
    parts = (split, *(other for other in SPLITS if other != split))
    known = (*_WHOLE, *(name for part in parts for name in _PARTS[part]))
    files = [folder / names[name] for name in known if name in names and (folder / names[name]).is_file()]
    for file in files:
        refuse_archive(file)
    with_pixels = next((file for file in files if has_pixels(file)), None)
    if with_pixels is None and split_folders(folder):
        return FolderSource(folder, side)
    chosen = with_pixels or (files[0] if files else None)  # reading the latter tells what is wrong
    return chosen and CsvSource(chosen)


def _subfolders(folders: Iterable[Path]) -> list[Path]:
    """Folders in folders, each once; the first ``MAX_FOLDERS``."""
    found: dict[str, Path] = {}
    for folder in folders:
        try:
            entries = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in entries:
            path = folder / name
            if len(found) < MAX_FOLDERS and not name.startswith(('.', '__')) and os.path.isdir(path):
                found.setdefault(os.path.realpath(path), path)
    return list(found.values())
