"""The page without a server as one .html file, which opens from the disk."""
from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import mimetypes
import posixpath
import re
from collections.abc import Iterable

from emonext.errors import EmonextError
from emonext.page import INDEX, POLICY

# An import of a neighbour: from './x.js', import './x.js', import('./x.js').
IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}/[^'"]+)\2""")
SCRIPT = re.compile(r'<script\b[^>]*\bsrc="\./([^"]+)"[^>]*>\s*</script>')
LINK = re.compile(r'\b(href|src)="\./([^"]+)"')
ENGINE = re.compile(r'data-engine="\./([^"]+)"')
PREFIX = 'emonext/'  # of the names of modules in the import map


def to_one_file(files: dict[str, bytes]) -> bytes:
    """Put all files of :func:`~emonext.page.build_page` into its index.html.

    Modules become data URLs in an import map, linked files data URLs. Everything else, which modules load, is
    compressed, in elements of its own.

    Raises:
        EmonextError: the page or a module refers to a file that is missing, or the page has not one module.
    """
    modules = {path for path in files if path.endswith('.js')}
    index = files[INDEX].decode()
    starts = SCRIPT.findall(index)
    linked = {path for _, path in LINK.findall(index)}
    if len(starts) != 1:
        raise EmonextError(f'{INDEX}: {len(starts)} modules, expected one')
    if not linked <= files.keys():
        raise EmonextError(f'{INDEX}: it refers to missing files, {", ".join(sorted(linked - files.keys()))}')
    imports = {PREFIX + path: _data_url(path, _rename_imports(path, files)) for path in sorted(modules)}
    scripts = {'importmap': json.dumps({'imports': imports}), 'module': f"import '{PREFIX}{starts[0]}';"}
    assets = ''.join(_asset(path, files[path]) for path in sorted(files.keys() - modules - linked - {INDEX}))
    code = assets + ''.join(f'<script type="{kind}">{text}</script>\n' for kind, text in scripts.items())

    index = SCRIPT.sub('', index)
    index = LINK.sub(lambda match: f'{match[1]}="{_data_url(match[2], files[match[2]])}"', index)
    index = ENGINE.sub(lambda match: f'data-engine="{PREFIX}{match[1]}"', index)
    index = index.replace(POLICY, _policy(scripts.values()))
    return index.replace('</body>', f'{code}</body>').encode()


def _rename_imports(path: str, files: dict[str, bytes]) -> bytes:
    """A module that imports others by their names in the import map: a data URL has no neighbours."""

    def rename(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[3]))
        if target not in files:
            raise EmonextError(f'{path} imports {match[3]}, which is missing')
        return f'{match[1]}{match[2]}{PREFIX}{target}{match[2]}'

    return IMPORT.sub(rename, files[path].decode()).encode()


def _data_url(path: str, content: bytes) -> str:
    kind = 'text/javascript' if path.endswith('.js') else mimetypes.guess_type(path)[0]
    return f'data:{kind or "application/octet-stream"};base64,{base64.b64encode(content).decode()}'


def _asset(path: str, content: bytes) -> str:
    text = base64.b64encode(gzip.compress(content, mtime=0)).decode()
    return f'<script type="application/gzip" data-asset="{html.escape(path)}">{text}</script>\n'


def _policy(scripts: Iterable[str]) -> str:
    """The policy of a page that connects to nothing, and runs these scripts and the modules of the import map."""
    hashes = ' '.join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
                      for text in scripts)
    return (f"default-src 'none'; script-src {hashes} data: 'wasm-unsafe-eval'; style-src data:; img-src data: blob:; "
            "media-src blob:; base-uri 'none'; form-action 'none'")
