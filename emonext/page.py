"""The page without a server: the files of a static page that runs an exported model in the browser."""
from __future__ import annotations

import json
import re
from pathlib import Path

from emonext.classifier import OnnxClassifier
from emonext.errors import EmonextError
from emonext.faces.yunet import YuNet
from emonext.runtime import read_runtime

WEB = Path(__file__).parent / 'web'
INDEX = 'index.html'
LEFT_OUT = {'package.json', 'server.js'}  # of the folder web: what other pages need
ENGINE = ('data-engine="./server.js"', 'data-engine="./local/engine.js"')
MARK = '<meta name="generator" content="emonext'
# The browser itself refuses connections to anything but the page's own files. WebAssembly counts as code.
POLICY = ("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
          "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'")


def build_page(model: str | Path, faces: str | Path | None = None, runtime: str | Path | None = None,
               min_score: float | None = None) -> dict[str, bytes]:
    """Build the page.

    Args:
        model: .onnx file of ``tools/export.py``.
        faces: file of YuNet, which finds the faces; None for a square that the user of the page moves.
        runtime: see :func:`~emonext.runtime.read_runtime`.
        min_score: smallest score of a found face; None for 0.6.

    Returns:
        Contents of the files by their paths, such as ``index.html`` and ``local/engine.js``.

    Raises:
        EmonextError: the model, the detector or the runtime cannot be read, or the score is not between 0 and 1.
    """
    if min_score is not None and not 0 <= min_score <= 1:
        raise EmonextError(f'min_score {min_score} is not between 0 and 1')
    settings = dict(card=OnnxClassifier(model, threads=1).meta, min_score=min_score, finder=faces is not None)
    files = {path.relative_to(WEB).as_posix(): path.read_bytes()
             for path in sorted(WEB.rglob('*')) if path.is_file() and path.name not in LEFT_OUT}
    files[INDEX] = _mark(files[INDEX].decode()).encode()
    files['page.json'] = json.dumps(settings, ensure_ascii=False, indent=1).encode()
    files['model.onnx'] = Path(model).read_bytes()
    if faces is not None:
        YuNet(faces, threads=1)
        files['faces.onnx'] = Path(faces).read_bytes()
    files.update({f'local/{name}': content for name, content in read_runtime(runtime).items()})
    return files


def _mark(index: str) -> str:
    """The page with the engine that needs no server, the mark of :func:`is_page` and the policy."""
    first = re.search(r'<meta charset="utf-8">', index, re.IGNORECASE)
    if first is None or ENGINE[0] not in index:
        raise EmonextError(f'{WEB / INDEX}: no <meta charset="utf-8">, or no {ENGINE[0]}')
    head = f'{first[0]}\n{MARK}">\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    return index.replace(first[0], head, 1).replace(*ENGINE)


def is_page(path: str | Path) -> bool:
    """Whether :func:`build_page` made an .html file."""
    try:
        with open(path, encoding='utf-8') as file:
            return MARK in file.read(2000)
    except (OSError, UnicodeDecodeError):
        return False
