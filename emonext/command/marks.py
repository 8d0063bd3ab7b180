"""How files that emonext wrote are told from others, and the results of this run from those of earlier ones.

Pictures and videos carry the comment ``emonext RUN SOURCE``: a random number of the run, and a checksum of the name of
the source. Tables and JSON are known by their first line.
"""
from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4
from zlib import crc32

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from emonext.errors import EmonextError
from emonext.pictures import open_image
from emonext.results import COLUMNS
from emonext.sources import PICTURES, VIDEOS
from emonext.video import read_comment

NAME = 'emonext'
RUN = uuid4().hex[:12]
CSV_BEGIN = ','.join((*COLUMNS, 'p_'))
JSON_KEYS = {'source', 'width', 'height', 'faces'}


def mark_of(source: str) -> str:
    """The comment in a result of a source, of this run."""
    return f'{NAME} {RUN} {crc32(source.encode(errors="surrogateescape")):08x}'


def save_picture(image: Image.Image, path: Path, source: str) -> None:
    """Save a picture as PNG or JPEG, by its suffix, with the mark of a source."""
    text = PngInfo()
    text.add_text('comment', mark_of(source))
    image.save(path, quality=92, comment=mark_of(source), pnginfo=text)


def check_target(path: str | Path, source: str) -> None:
    """Refuse a name for the result of a source, if a file has it that must stay.

    Raises:
        EmonextError: emonext did not write that file, or it is the result of another source in this run.
    """
    if not Path(path).is_file():
        return
    if not is_result(path):
        raise EmonextError(f'{path}: this would overwrite a file that emonext did not write')
    mark = _read_mark(path)
    if mark.split()[1:2] == [RUN] and mark != mark_of(source):
        raise EmonextError(f'{path}: this would overwrite the result of another source')


def is_result(path: str | Path) -> bool:
    """Whether emonext wrote a file, or it is empty."""
    if not Path(path).is_file():  # opening a pipe would wait for ever
        return False
    if Path(path).suffix.lower() in PICTURES | VIDEOS:
        return _read_mark(path).split()[:1] == [NAME]
    try:
        with open(path, encoding='utf-8') as file:
            line = file.readline(10_000_000)
        return not line or line.startswith(CSV_BEGIN) or set(json.loads(line)) >= JSON_KEYS
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def _read_mark(path: str | Path) -> str:
    """The comment of a picture or video; none if it cannot be read."""
    suffix = Path(path).suffix.lower()
    try:
        if suffix in VIDEOS:
            return read_comment(path) or ''
        if suffix in PICTURES:
            with open_image(path) as image:
                comment = image.info.get('comment', '')
            return comment.decode(errors='replace') if isinstance(comment, bytes) else str(comment)
    except Exception:  # of any class: what cannot be read is not known to be ours
        pass
    return ''
