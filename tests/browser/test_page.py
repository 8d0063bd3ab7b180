"""The page without a server gives Python's answers, as a folder and as one file."""
import base64
import io
import json
import struct

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from emonext import Recognizer
from emonext.crops import crop_face
from emonext.tracks import Smoother
from tests.browser.pages import *  # noqa: F403, its fixtures
from tests.browser.pages import BOX, MODEL, check, encode, predict, recognize

data = pytest.importorskip('skimage.data')

BOXES = {'shrinking': [BOX], 'growing': [(200, 90, 230, 120)], 'beyond the border': [(-60, -40, 150, 200)],
         'all of it': [(0, 0, 512, 512)], 'fractions': [(170.25, 60.5, 260.7, 171.5)], 'one pixel': [(9, 9, 10, 10)],
         'several, the largest first': [(200, 90, 230, 120), BOX, (0, 200, 300, 500)]}


@pytest.mark.parametrize('boxes', BOXES.values(), ids=BOXES)
def test_probabilities(page, boxes):
    check(predict(page, data.astronaut(), boxes), recognize(data.astronaut(), boxes), 1e-5)


def test_pictures_of_a_face(page):
    """What the model was shown and what its Spatial Transformer made of it are Python's, to the last bit."""
    face = predict(page, data.astronaut(), [BOX])['faces'][0]
    classifier = Recognizer(threads=1).classifier
    middle, half = (BOX[0] + BOX[2]) / 2, (BOX[3] - BOX[1]) / 2
    square = (middle - half, BOX[1], middle + half, BOX[3])
    crop = crop_face(data.astronaut(), square, classifier.size, classifier.channels, classifier.crop)
    for key, expected, tolerance in (('crop', crop, 0), ('warped', classifier.warp(crop[None])[0], 1)):
        found = Image.open(io.BytesIO(base64.b64decode(face[key].removeprefix('data:image/png;base64,'))))
        np.testing.assert_allclose(np.asarray(found.convert('L'), int), expected[0], rtol=0, atol=tolerance)


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    return encode(data.astronaut(), 'JPEG', quality=95, exif=exif)


def with_gamma():
    info = PngInfo()
    info.add(b'gAMA', struct.pack('>I', 100_000))
    return encode(data.astronaut(), pnginfo=info)


def with_alpha():
    alpha = np.random.default_rng(0).integers(0, 256, (512, 512, 1), np.uint8)
    return encode(np.concatenate([data.astronaut(), alpha], 2))


@pytest.mark.parametrize('write', [turned, with_gamma, with_alpha, lambda: encode(data.camera()),
                                   lambda: encode(data.astronaut(), 'WEBP', quality=80)],
                         ids=['turned', 'gamma', 'alpha', 'grey', 'webp'])
def test_files(folder_page, write):
    """Files are read as Python reads them: upright, without a conversion of colours, on white."""
    content = write()
    check(predict(folder_page, content, [(100, 40, 300, 240)]), recognize(content, [(100, 40, 300, 240)]))


def test_the_whole_picture(folder_page):
    """Without boxes and a detector, the largest square in the middle, as --faces none."""
    picture = data.astronaut()[:200, 120:400]
    check(predict(folder_page, picture, None), next(Recognizer(faces='none', threads=1).predict(picture)))


@pytest.fixture(scope='module')
def rgb_model(tmp_path_factory):
    """A random linear model of RGB faces, of which a part is shown, without a Spatial Transformer."""
    onnx = pytest.importorskip('onnx')
    from onnx import TensorProto, helper, numpy_helper

    size, classes = 20, ['one', 'two', 'three']
    generator = np.random.default_rng(0)
    arrays = dict(kernel=generator.normal(0, 1e-4, (3 * size * size, 3)).astype(np.float32), flat=np.array([0, -1]),
                  zero=np.array([0]), axes=np.array([1]))
    nodes = [helper.make_node('Cast', ['faces'], ['values'], to=TensorProto.FLOAT),
             helper.make_node('Reshape', ['values', 'flat'], ['rows']),
             helper.make_node('MatMul', ['rows', 'kernel'], ['logits']),
             helper.make_node('Softmax', ['logits'], ['probabilities'], axis=1),
             helper.make_node('Slice', ['faces', 'zero', 'zero', 'axes'], ['warped'])]
    entry = helper.make_tensor_value_info('faces', TensorProto.UINT8, ['n', 3, size, size])
    outputs = [helper.make_tensor_value_info('probabilities', TensorProto.FLOAT, ['n', 3]),
               helper.make_tensor_value_info('warped', TensorProto.UINT8, ['n', 0, size, size])]
    graph = helper.make_graph(nodes, 'linear', [entry], outputs,
                              [numpy_helper.from_array(array, name) for name, array in arrays.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    meta = dict(format=1, classes=classes, size=size, channels=3, crop=0.875)
    helper.set_model_props(model, {'emonext': json.dumps(meta)})
    path = tmp_path_factory.mktemp('rgb') / 'rgb.onnx'
    onnx.save(model, path)
    return path


def test_a_model_of_rgb_faces(make, browser, rgb_model):
    with browser.new_page() as page:
        page.goto(make('page.html', model=rgb_model).as_uri())
        for boxes in BOXES.values():
            found = predict(page, data.astronaut(), boxes)
            check(found, recognize(data.astronaut(), boxes, model=rgb_model), 1e-5)
            assert all(face['warped'] is None and face['crop'] for face in found['faces'])


STREAM = """async ([module, bytes, boxes]) => {
    globalThis.tested ??= await (await import(module)).open();
    const blob = new Blob([Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0))]);
    const stream = tested.openStream();
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');
    const results = [];
    for (const box of boxes) {
        const bitmap = await createImageBitmap(blob);
        [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
        context.drawImage(bitmap, 0, 0);
        results.push(await stream.predict(canvas, [box]));
    }
    stream.close();
    return results;
}"""


def test_stream(folder_page):
    """Frames, with the tracks and the smoothed probabilities that Python gives at these times."""
    boxes = [[left, 60, left + 110, 170] for left in (100, 120, 150, 180, 400)]
    content = base64.b64encode(encode(data.astronaut())).decode()
    results = folder_page.evaluate(STREAM, ['./local/engine.js', content, boxes])
    assert [result['frame'] for result in results] == [0, 1, 2, 3, 4]
    assert results[0]['time'] == 0
    assert [result['faces'][0]['track'] for result in results] == [0, 0, 0, 0, 1]
    smoother = Smoother(0.5)
    for box, result in zip(boxes, results):
        single = np.array(list(recognize(data.astronaut(), [box]).faces[0].probabilities.values()))
        face = result['faces'][0]
        expected = smoother.update(face['track'], single, result['time'])
        np.testing.assert_allclose(list(face['probabilities'].values()), expected, atol=1e-5)
        assert face['label'] == list(face['probabilities'])[int(expected.argmax())]


ERROR = """async ([bytes, boxes, model]) => {
    globalThis.tested ??= await (await import('./local/engine.js')).open();
    const content = (text) => new File([Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))], 'bad.file');
    try {
        await (model ? tested.setFinder(content(model)) : tested.predict(content(bytes), boxes));
    } catch (error) { return error.message; }
    return null;
}"""


@pytest.mark.parametrize(('content', 'boxes', 'model', 'words'), [
    (b'no picture', None, None, 'bad.file'),
    (b'', None, None, 'bad.file'),
    (None, [[600, 0, 700, 100]], None, '600, 0, 700, 100'),
    (None, [[9, 9, 9, 20]], None, '9, 9, 9, 20'),
    (None, [[0, 0, 2000, 100]], None, '2000'),
    (None, None, b'no model', 'bad.file'),
    (None, None, MODEL, 'bad.file: no YuNet'),
])
def test_errors(folder_page, content, boxes, model, words):
    """Errors have one line that names the file or the box."""
    model = model if isinstance(model, (bytes, type(None))) else model.read_bytes()
    texts = [None if text is None else base64.b64encode(text).decode()
             for text in (encode(data.astronaut()) if content is None else content, model)]
    message = folder_page.evaluate(ERROR, [texts[0], boxes, texts[1]])
    assert words in message
    assert '\n' not in message
