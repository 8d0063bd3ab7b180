"""Faces written as text: a csv file whose column ``pixels`` holds 2,304 grey values separated by blanks.

The layout of ``fer2013.csv`` and ``icml_face_data.csv`` (Goodfellow et al., 2013, arXiv 1307.0414).
"""
from __future__ import annotations

import csv
import difflib
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np

from emonext_mm.datasets.readers.face_table import SIZE, FaceTable
from emonext_mm.datasets.splits import OFFICIAL_NAMES, SPLITS, split_of_word
from emonext_mm.emotions import CLASSES, UNLABELLED

MAX_LINE = 2**20  # bytes; a face takes 9 kB at most
_PIXELS = SIZE * SIZE
# Names of columns that tell the split elsewhere: to ignore one would make all faces those of one split.
_LIKE_USAGE = ('usage', 'split', 'set', 'subset', 'partition')
_LABELS = {str(index): index for index in range(len(CLASSES))}
_SPLIT_INDEX = {OFFICIAL_NAMES[split].lower(): index for index, split in enumerate(SPLITS)}


def read_pixel_csv(path: Path) -> FaceTable:
    """Read the columns ``emotion``, ``pixels`` and ``Usage``, in any order and case; other columns are ignored.

    All faces of a file without ``Usage`` belong to the split that the file is named after (``val.csv``), else to train;
    a column of another name that tells the split, such as ``split``, is refused. A file of the split test may lack
    ``emotion``: its faces are unlabelled.

    Raises:
        OSError: the file cannot be read.
        ValueError: the message names the file, the line (the header is line 1) and the wrong value.
    """
    split = split_of_word(path.stem) or 'train'
    default_split = SPLITS.index(split)
    labels, splits, pixels = [], [], bytearray()
    with open(path, 'rb') as file, warnings.catch_warnings():
        # Older versions of NumPy only warn of text that cannot be read to its end.
        warnings.simplefilter('error', DeprecationWarning)
        columns = _read_header(path, file, needs_label=split != 'test')
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b''), start=2):
            if line.isspace():
                continue
            try:
                if len(line) > MAX_LINE:
                    raise ValueError(f'more than {MAX_LINE:,} bytes')
                fields = _split_line(line.decode('utf-8', 'replace'), columns['width'])
                labels.append(_label(fields[columns['emotion']]) if 'emotion' in columns else UNLABELLED)
                splits.append(_split_index(fields[columns['usage']]) if 'usage' in columns else default_split)
                pixels += _parse_pixels(fields[columns['pixels']]).data
            except (ValueError, csv.Error) as error:
                raise ValueError(f'{path}, line {number}: {error}') from None
    if not labels:
        raise ValueError(f'{path}: no rows under the header')
    images = np.frombuffer(pixels, np.uint8).reshape(-1, SIZE, SIZE)
    return FaceTable.sorted_by_split(images, np.array(labels), np.array(splits))


def has_pixels(path: Path) -> bool:
    """Return whether a csv file has the column ``pixels``; others list image files, for example.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, 'rb') as file:
        try:
            return 'pixels' in _read_names(file)[1]
        except csv.Error:
            return False


def _read_header(path: Path, file: BinaryIO, needs_label: bool) -> dict[str, int]:
    """Index of each known column, and the number of columns as ``width``."""
    try:
        line, names = _read_names(file)
    except csv.Error as error:
        raise ValueError(f'{path}, line 1: {error}') from None
    for name in ('pixels', 'emotion') if needs_label else ('pixels',):
        if name not in names:
            raise ValueError(f'{path}, line 1: no column {name!r} in {_show(line)}')
    known = [name for name in ('emotion', 'pixels', 'usage') if name in names]
    for name in known:
        if names.count(name) > 1:
            raise ValueError(f'{path}, line 1: {names.count(name)} columns {name!r} in {_show(line)}')
    similar = next((name for name in names if difflib.get_close_matches(name, _LIKE_USAGE, 1, 0.8)), None)
    if similar and 'usage' not in known:
        raise ValueError(f"{path}, line 1: no column 'usage', but {similar!r} in {_show(line)}: name it Usage, or "
                         'remove it')
    return {**{name: names.index(name) for name in known}, 'width': len(names)}


def _read_names(file: BinaryIO) -> tuple[str, list[str]]:
    """The first line, and the names of the columns in small letters."""
    line = file.readline(MAX_LINE).decode('utf-8-sig', 'replace')
    return line, [name.strip().lower() for name in _fields(line)]


def _split_line(line: str, width: int) -> list[str]:
    fields = _fields(line)
    if len(fields) != width:
        raise ValueError(f'{len(fields)} columns, expected {width} as in the header (is the file truncated?); '
                         f'the line ends in {_show(line.rstrip()[-20:])}')
    return fields


def _fields(line: str) -> list[str]:
    # Only a line with quotes needs the csv module, which would double the time of every line.
    return next(csv.reader([line], skipinitialspace=True)) if '"' in line else line.split(',')


def _label(field: str) -> int:
    label = _LABELS.get(field.strip())
    if label is None:
        raise ValueError(f'emotion {_show(field)}, expected 0 to {len(CLASSES) - 1}')
    return label


def _split_index(field: str) -> int:
    index = _SPLIT_INDEX.get(field.strip().lower())
    if index is None:
        raise ValueError(f'Usage {_show(field)}, expected {", ".join(OFFICIAL_NAMES.values())}')
    return index


def _parse_pixels(field: str) -> np.ndarray:
    """Grey values of a field, (2304,) uint8."""
    try:
        values = np.fromstring(field, np.int64, sep=' ')
    except (ValueError, DeprecationWarning):
        raise ValueError(_fault(field)) from None
    if len(values) != _PIXELS or values.view(np.uint64).max() > 255:  # as unsigned, negative values are huge
        raise ValueError(_fault(field))
    return values.astype(np.uint8)


def _fault(field: str) -> str:
    """Name the first wrong pixel, or else the number of pixels."""
    numbers = field.encode().split()  # bytes, so that only ASCII blanks separate numbers, as in NumPy
    for position, number in enumerate(numbers, start=1):
        if not number.isdigit() or len(number.lstrip(b'0')) > 3 or int(number) > 255:
            return f'pixel {position} is {_show(number.decode())}, expected an integer of 0 to 255'
    return f'{len(numbers):,} pixels, expected {_PIXELS:,}'


def _show(text: str) -> str:
    return repr(text.strip()[:60])
