"""Pictures for ``emonext``."""
from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from emonext.pictures import read_picture
from tests.helpers.png import png
from tests.strangers.campaign import Kind
from tests.strangers.wild import EDITS, Edit, damage

FORMATS = ['JPEG', 'PNG', 'GIF', 'BMP', 'PPM', 'TIFF', 'WEBP', 'JPEG2000']
MODES = ['RGB', 'L', 'RGBA', 'P', '1', 'CMYK', 'I;16', 'LA', 'F']
OTHERS = [
    png(60_000, 60_000), png(9_999, 9_999), png(0, 0), b'', b'%PDF-1.4', b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n{} loop', b'P6 99999 99999 255\n',
    b'GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0', b'II*\0\x08\0\0\0\xff\xff', b'BM' + bytes(16) + b'\xff\xff\xff\x7f' * 2]


class Case(NamedTuple):
    form: str
    mode: str
    size: tuple[int, int]
    frames: int
    orientation: int
    other: bytes | None  # in place of a picture
    edits: list[Edit]


CASES = st.builds(
    Case, st.sampled_from(FORMATS), st.sampled_from(MODES), st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from([1, 1, 3]), st.sampled_from([1, 6, 8, 999]), st.none() | st.none() | st.sampled_from(OTHERS),
    st.just([]) | EDITS)


def write(case: Case, folder: Path) -> None:
    (folder / 'it').write_bytes(damage(_picture(case) if case.other is None else case.other, case.edits))


def _picture(case: Case) -> bytes:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = case.orientation
    pixels = np.random.default_rng(0).integers(0, 256, (*case.size, 3), np.uint8)
    image = Image.fromarray(pixels)
    image = image.convert(case.mode) if case.mode != 'I;16' else Image.fromarray(pixels[..., 0].astype(np.uint16))
    more = dict(save_all=True, append_images=[image] * (case.frames - 1)) if case.frames > 1 else {}
    try:
        image.save(file, case.form, exif=exif, **more)
    except (OSError, ValueError, TypeError, KeyError):  # a mode that the format does not have
        Image.fromarray(pixels).save(file := io.BytesIO(), 'PNG')
    return file.getvalue()


def read(case: Case, folder: Path) -> None:
    pixels = read_picture(folder / 'it', 'it')
    assert pixels.dtype == np.uint8
    assert pixels.shape == (*pixels.shape[:2], 3)


KIND = Kind(CASES, write, read)
