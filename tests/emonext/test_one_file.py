import base64
import gzip
import hashlib
import json
import re

import pytest

from emonext.errors import EmonextError
from emonext.one_file import to_one_file
from emonext.page import POLICY
from tests.emonext.webs import INDEX, TEXTS

HEAD = f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">'


def files_of(**changes):
    """Contents as of build_page."""
    texts = TEXTS | {'index.html': INDEX.replace('<meta charset="utf-8">', HEAD), 'page.json': '{"a": 1}'} | changes
    return {path: text.encode() for path, text in texts.items() if text is not None}


def scripts_of(index):
    """Texts of the elements of a type."""
    return dict(re.findall(r'<script type="(importmap|module)">(.*?)</script>', index))


def decode(url):
    return base64.b64decode(url.partition(';base64,')[2]).decode()


def test_modules():
    """Imports of neighbours are by the names of the import map; other texts are as they were."""
    scripts = scripts_of(to_one_file(files_of()).decode())
    modules = {name: decode(url) for name, url in json.loads(scripts['importmap'])['imports'].items()}
    assert scripts['module'] == "import 'emonext/main.js';"
    assert modules['emonext/main.js'] == ("import { a } from 'emonext/a.js';\n"
                                          "const { b } = await import('emonext/local/b.js');\n")
    assert modules['emonext/local/b.js'] == ("import { a } from 'emonext/a.js';\nimport 'emonext/local/c.js';\n"
                                             'export const b = a;\n')
    assert modules['emonext/a.js'] == TEXTS['a.js']
    assert 'data-engine="emonext/server.js"' in to_one_file(files_of()).decode()


def test_other_files():
    """Linked files are data URLs; those that modules load are compressed."""
    index = to_one_file(files_of()).decode()
    assert decode(re.search(r'<link rel="stylesheet" href="(data:text/css.*?)">', index)[1]) == TEXTS['style.css']
    asset = re.search(r'data-asset="page.json">(.*?)</script>', index)[1]
    assert gzip.decompress(base64.b64decode(asset)) == b'{"a": 1}'
    assert './' not in re.sub('base64,[^"]*', '', index)


def test_policy():
    """The policy allows the page's own two scripts, by their hashes, and no connection."""
    index = to_one_file(files_of()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', index)[1]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
              for text in scripts_of(index).values()]
    assert re.findall(r"'sha256-.*?'", policy) == hashes
    assert 'connect-src' not in policy
    assert "default-src 'none'" in policy


def test_the_same_files_make_the_same_page():
    assert to_one_file(files_of()) == to_one_file(files_of())


@pytest.mark.parametrize(('changes', 'words'), [({'a.js': None}, r'imports .*a\.js'),
                                                ({'style.css': None}, r'style\.css'),
                                                ({'index.html': '<body></body>'}, '0 modules')])
def test_missing_files(changes, words):
    with pytest.raises(EmonextError, match=words):
        to_one_file(files_of(**changes))
