"""Faces written as text: a csv whose column ``pixels`` holds 2,304 grey values between blanks.

The layout is that of ``fer2013.csv`` and ``icml_face_data.csv`` (Goodfellow et al., 2013, arXiv 1307.0414).
One row takes some 30 microseconds: its digits are put together by numpy, not number by number.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emonext_mm.datasets.readers.face_table import SIZE, USAGES, FaceTable
from emonext_mm.emotions import CLASSES, UNLABELLED

_PIXELS = SIZE * SIZE
_BLANKS = b' \t\r\n"'
_LABELS = {str(index).encode(): index for index in range(len(CLASSES))}
_USAGES = {name.lower().encode(): index for index, name in enumerate(USAGES)}


def read_pixel_csv(path: Path) -> FaceTable:
    """Read the columns ``emotion``, ``pixels`` and ``Usage``, in any order and case.

    A file without ``Usage`` is one split: PrivateTest if it is called ``test.csv``, else Training.
    ``test.csv`` may lack ``emotion``: its faces are unlabelled. Other columns are ignored.

    Raises:
        ValueError: names the file, the line (the header is line 1) and the value that is wrong.
    """
    is_test = path.name.lower() == 'test.csv'
    default_usage = USAGES.index('PrivateTest' if is_test else 'Training')
    labels, usages, pixels = [], [], bytearray()
    with open(path, 'rb') as file:
        columns = _read_header(path, file.readline(), needs_label=not is_test)
        for number, line in enumerate(file, start=2):
            if line.isspace():
                continue
            try:
                fields = _split(line, columns['width'])
                labels.append(_label(fields[columns['emotion']]) if 'emotion' in columns else UNLABELLED)
                usages.append(_usage(fields[columns['usage']]) if 'usage' in columns else default_usage)
                pixels += parse_pixels(fields[columns['pixels']]).data
            except ValueError as error:
                raise ValueError(f'{path}, line {number}: {error}') from None
    if not labels:
        raise ValueError(f'{path}: no rows under the header')
    images = np.frombuffer(pixels, np.uint8).reshape(-1, SIZE, SIZE)
    return FaceTable.sorted_by_usage(images, np.array(labels), np.array(usages))


def parse_pixels(field: bytes) -> np.ndarray:
    """Turn the text of 2,304 grey values into (2304,) uint8.

    Raises:
        ValueError: another number of values, or one that is not an integer of 0 to 255.
    """
    values = _parse_regular(field.strip(_BLANKS))
    return _parse_any(field) if values is None else values


def _parse_regular(field: bytes) -> np.ndarray | None:
    """The fast way, for numbers of one to three digits with one blank between them; None for other text."""
    digits = np.frombuffer(b' %b ' % field, np.uint8) - ord('0')  # wraps: only digits are below 10
    blanks = np.flatnonzero(digits >= 10)
    if len(blanks) != _PIXELS + 1 or field.count(b' ') != _PIXELS - 1:
        return None
    ends = blanks[1:]
    lengths = ends - blanks[:-1] - 1
    if lengths.min() < 1 or lengths.max() > 3:
        return None
    values = digits[ends - 1].astype(np.uint16)
    values += digits[ends - 2] * (lengths > 1) * np.uint16(10)
    values += digits[ends - 3] * (lengths > 2) * np.uint16(100)
    return values.astype(np.uint8) if values.max() <= 255 else None


def _parse_any(field: bytes) -> np.ndarray:
    """The slow way: it takes any run of blanks, and says what is wrong."""
    numbers = field.strip(_BLANKS).split()
    for place, number in enumerate(numbers, start=1):
        if not number.isdigit() or int(number) > 255:
            raise ValueError(f'pixel {place} is {_show(number)}, expected an integer of 0 to 255')
    if len(numbers) != _PIXELS:
        raise ValueError(f'{len(numbers):,} pixels, expected {_PIXELS:,}')
    return np.array(numbers, np.uint8)


def _read_header(path: Path, line: bytes, needs_label: bool) -> dict[str, int]:
    """Place of each known column, and the number of columns as ``width``."""
    names = [name.strip(' \t\r\n"').lower() for name in line.decode('utf-8-sig', 'replace').split(',')]
    for name in ('pixels', 'emotion') if needs_label else ('pixels',):
        if name not in names:
            raise ValueError(f'{path}, line 1: no column {name!r} in {_show(line)}')
    known = {name: names.index(name) for name in ('emotion', 'pixels', 'usage') if name in names}
    return {**known, 'width': len(names)}


def _split(line: bytes, width: int) -> list[bytes]:
    fields = line.split(b',')
    if len(fields) != width:
        raise ValueError(f'{len(fields)} columns, expected {width} as in the header (is the file cut off?); '
                         f'the line ends in {_show(line.rstrip()[-20:])}')
    return fields


def _label(field: bytes) -> int:
    label = _LABELS.get(field.strip(_BLANKS))
    if label is None:
        raise ValueError(f'emotion {_show(field)}, expected 0 to {len(CLASSES) - 1}')
    return label


def _usage(field: bytes) -> int:
    usage = _USAGES.get(field.strip(_BLANKS).lower())
    if usage is None:
        raise ValueError(f'Usage {_show(field)}, expected {", ".join(USAGES)}')
    return usage


def _show(field: bytes) -> str:
    return repr(field.strip(_BLANKS)[:60].decode('utf-8', 'replace'))
