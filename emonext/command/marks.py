"""How files that emonext wrote are told from others: pictures and videos carry a comment."""
from __future__ import annotations

from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from emonext.pictures import open_image
from emonext.results import COLUMNS
from emonext.sources import PICTURES, VIDEOS
from emonext.video import read_comment

MARK = 'emonext'
JSON_BEGIN = b'{"source":'
CSV_BEGIN = ','.join(COLUMNS).encode()


def save_picture(image: Image.Image, path: Path) -> None:
    """Save a picture as PNG or JPEG, by its suffix, with the mark."""
    text = PngInfo()
    text.add_text('comment', MARK)
    image.save(path, quality=92, comment=MARK, pnginfo=text)


def is_result(path: str | Path) -> bool:
    """Whether emonext wrote a file, or it is empty."""
    suffix = Path(path).suffix.lower()
    try:
        if suffix in VIDEOS:
            return read_comment(path) == MARK
        if suffix in PICTURES:
            with open_image(path) as image:
                return image.info.get('comment') in (MARK, MARK.encode())
        with open(path, 'rb') as file:
            begin = file.read(len(CSV_BEGIN))
        return any(begin.startswith(known[:len(begin)]) for known in (JSON_BEGIN, CSV_BEGIN))
    except Exception:  # of any class: what cannot be read is not known to be ours
        return False
