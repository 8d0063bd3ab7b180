import json

import pytest

from emonext import page
from emonext.classifier import DEFAULT, MODELS, OnnxClassifier
from emonext.errors import EmonextError
from emonext.page import build_page, is_page
from tests.emonext.webs import INDEX, write_runtime, write_web

MODEL = MODELS / f'{DEFAULT}.onnx'


@pytest.fixture
def web(tmp_path, monkeypatch):
    """Replace the page's sources by a small page; return its folder and that of the runtime."""
    monkeypatch.setattr(page, 'WEB', write_web(tmp_path / 'web'))
    return tmp_path / 'web', write_runtime(tmp_path / 'ort')


def test_files(web):
    files = build_page(MODEL, runtime=web[1], min_score=0.25)
    assert set(files) == {'index.html', 'style.css', 'main.js', 'a.js', 'local/b.js', 'local/c.js', 'local/engine.js',
                          'local/ort.js', 'local/ort.wasm', 'page.json', 'model.onnx'}
    assert files['model.onnx'] == MODEL.read_bytes()
    assert files['a.js'] == (web[0] / 'a.js').read_bytes()
    assert json.loads(files['page.json']) == dict(card=OnnxClassifier(threads=1).meta, min_score=0.25, finder=False)


def test_index(web, tmp_path):
    """The page has its engine and a mark, and the browser refuses connections to other hosts."""
    index = build_page(MODEL, runtime=web[1])['index.html']
    assert b'data-engine="./local/engine.js"' in index
    assert b"connect-src 'self';" in index
    (tmp_path / 'made.html').write_bytes(index)
    (tmp_path / 'other.html').write_text(INDEX)
    (tmp_path / 'bytes.html').write_bytes(b'\xff' * 9)
    found = [is_page(tmp_path / name) for name in ('made.html', 'other.html', 'bytes.html', 'none.html')]
    assert found == [True, False, False, False]


def test_the_page_of_the_package(tmp_path):
    """It fits: the engine is exchanged, and the files that it loads are there."""
    files = build_page(MODEL, runtime=write_runtime(tmp_path))
    assert {'local/engine.js', 'local/model.js', 'page.json', 'model.onnx'} <= set(files)
    assert b'server.js' not in files['index.html']


@pytest.mark.parametrize(('options', 'words'), [
    (dict(model='none.onnx'), r'none\.onnx'),
    (dict(faces=MODEL), 'no YuNet'),
    (dict(faces='none.onnx'), r'none\.onnx'),
    (dict(min_score=1.5), '1.5'),
    (dict(runtime='none'), 'none.*ort.wasm'),
])
def test_bad_input(web, options, words):
    with pytest.raises(EmonextError, match=words):
        build_page(**dict(model=MODEL, runtime=web[1]) | options)


def test_a_page_without_an_engine(web):
    write_web(web[0], **{'index.html': INDEX.replace('data-engine', 'data-other')})
    with pytest.raises(EmonextError, match='data-engine'):
        build_page(MODEL, runtime=web[1])
