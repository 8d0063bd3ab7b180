"""Pages without a server, opened in Chromium, and their answers beside Python's."""
import argparse
import base64
import functools
import http.server
import io
import os
import threading

import numpy as np
import pytest
from PIL import Image

from emonext import Recognizer
from emonext.classifier import DEFAULT, MODELS
from emonext.command.page import add_options, run
from emonext.faces import Detection
from emonext.runtime import FILES, read_runtime

pytest.importorskip('playwright')

__all__ = ['file_page', 'folder_page', 'make', 'page', 'runtime', 'serve']  # fixtures, imported together
MODEL = MODELS / f'{DEFAULT}.onnx'
BOX = (178.0, 63.0, 267.0, 175.0)  # the face of scikit-image's astronaut
PREDICT = """async ([module, bytes, boxes]) => {
    globalThis.tested ??= await (await import(module)).open();
    const content = Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0));
    return tested.predict(new File([content], 'picture'), boxes);
}"""
download = functools.cache(read_runtime)  # once for all modules


@pytest.fixture(scope='session')
def runtime(tmp_path_factory):
    """A copy of ONNX Runtime Web: the one that EMONEXT_ORT names, else taken by npm."""
    if os.environ.get('EMONEXT_ORT'):
        return os.environ['EMONEXT_ORT']
    folder = tmp_path_factory.mktemp('ort')
    for name, ours in FILES.items():
        (folder / name).write_bytes(download()[ours])
    return folder


@pytest.fixture(scope='session')
def make(runtime, tmp_path_factory):
    """Make a page, a folder or one file, and return its path."""

    def write(name, *options, model=MODEL):
        out = tmp_path_factory.mktemp('page') / name
        parser = argparse.ArgumentParser()
        add_options(parser)
        assert run(parser.parse_args([str(model), str(out), '--ort', str(runtime), *map(str, options)])) == 0
        return out

    return write


@pytest.fixture(scope='session')
def serve():
    """Serve a folder on the loopback; return its address and the list of the requests for it."""
    servers = []

    def start(folder):
        requests = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *message):
                requests.append(self.path)

        handler = functools.partial(Handler, directory=str(folder))
        servers.append(http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f'http://127.0.0.1:{servers[-1].server_port}/', requests

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope='module')
def folder_page(make, serve, browser):
    """The page as a folder, opened."""
    with browser.new_page() as page:
        page.goto(serve(make('page'))[0])
        yield page


@pytest.fixture(scope='module')
def file_page(make, browser):
    """The page as one file, opened from the disk."""
    with browser.new_page() as page:
        page.goto(make('page.html').as_uri())
        yield page


@pytest.fixture(params=['folder', 'file'])
def page(request):
    return request.getfixturevalue(f'{request.param}_page')


def predict(page, picture, boxes):
    """Answer of the page's engine for a picture, pixels or the bytes of a file."""
    content = picture if isinstance(picture, bytes) else encode(picture)
    module = 'emonext/local/engine.js' if page.url.startswith('file:') else './local/engine.js'
    return page.evaluate(PREDICT, [module, base64.b64encode(content).decode(), boxes])


def encode(pixels, kind='PNG', **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def check(found, expected, tolerance=1e-4):
    """The page's faces are those of Python."""
    assert (found['width'], found['height']) == (expected.width, expected.height)
    assert [face['label'] for face in found['faces']] == [face.label for face in expected.faces]
    for face, other in zip(found['faces'], expected.faces):
        assert list(face['probabilities']) == list(other.probabilities)
        np.testing.assert_allclose(list(face['probabilities'].values()), list(other.probabilities.values()), rtol=0,
                                   atol=tolerance)
        np.testing.assert_allclose(face['box'], other.box, rtol=0, atol=1e-3)
        assert face['detected'] == other.detected
        assert face['score'] == face['probabilities'][face['label']]


def recognize(picture, boxes, **options):
    """Python's result for boxes, flagged as those of the user."""
    recognizer = Recognizer(threads=1, **options)
    recognizer.find = lambda pixels, name: [Detection(tuple(box), None, False) for box in boxes]
    return next(recognizer.predict(picture))
