"""YuNet on the page without a server."""
import base64

import numpy as np
import pytest

from emonext import Recognizer
from tests.browser.pages import *  # noqa: F403, its fixtures
from tests.browser.pages import check, encode, predict
from tests.emonext.faces.test_yunet import file as yunet_file  # noqa: F401

FIND = """async ([bytes, model]) => {
    const content = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    globalThis.tested ??= await (await import('./local/engine.js')).open();
    const before = tested.findsFaces;
    if (model) await tested.setFinder(new File([content(model)], 'model.onnx'));
    return [before, tested.findsFaces, await tested.predict(new File([content(bytes)], 'picture'), null)];
}"""


@pytest.mark.parametrize('chosen', [False, True], ids=['with the page', 'chosen on the page'])
def test_yunet(make, serve, browser, yunet_file, chosen):  # noqa: F811
    """The faces of a random YuNet are Python's, also where the picture is shrunk first."""
    options = ['--min-score', '0.75', *([] if chosen else ['--faces', yunet_file])]
    model = base64.b64encode(yunet_file.read_bytes()).decode() if chosen else None
    recognizer = Recognizer(faces=yunet_file, threads=1, min_score=0.75)
    generator = np.random.default_rng(1)
    with browser.new_page() as page:
        page.goto(serve(make('page', *options))[0])
        for height, width in ((64, 128), (64, 55), (200, 1000)):
            block = 1 if width <= 640 else 5  # that is larger than the noise
            picture = generator.integers(0, 256, (height // block, width // block, 3), np.uint8)
            picture = picture.repeat(block, 0).repeat(block, 1)
            content = base64.b64encode(encode(picture)).decode()
            before, after, found = page.evaluate(FIND, [content, model])
            assert after
            assert before or chosen
            expected = next(recognizer.predict(picture))
            assert len(found['faces']) > 5
            check(found, expected)
            scores = [face.detection_score for face in expected.faces]
            np.testing.assert_allclose([face['detection_score'] for face in found['faces']], scores, atol=1e-5)


def test_min_score(make, browser, yunet_file):  # noqa: F811
    picture = np.random.default_rng(1).integers(0, 256, (64, 128, 3), np.uint8)
    with browser.new_page() as page:
        page.goto(make('page.html', '--faces', yunet_file, '--min-score', '0.8').as_uri())
        expected = next(Recognizer(faces=yunet_file, threads=1, min_score=0.8).predict(picture))
        assert 0 < len(expected.faces) < len(next(Recognizer(faces=yunet_file, threads=1).predict(picture)).faces)
        check(predict(page, picture, None), expected)
