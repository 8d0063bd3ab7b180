"""YuNet's computation on a random network with YuNet's inputs and outputs, beside OpenCV's."""
from itertools import combinations

import numpy as np
import pytest

from emonext.boxes import overlap
from emonext.errors import EmonextError
from emonext.faces import yunet
from emonext.faces.yunet import OUTPUTS, STRIDES, YuNet

onnx = pytest.importorskip('onnx')
SIDE = 64
CHANNELS = dict(cls=1, obj=1, bbox=4, kps=10)  # OpenCV also reads landmarks, kps
NAMES = [*OUTPUTS, *(f'kps_{stride}' for stride in STRIDES)]


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    """A network of one convolution for each output, random, with a few sure cells."""
    from onnx import TensorProto, helper, numpy_helper

    generator = np.random.default_rng(0)
    nodes, weights = [], [numpy_helper.from_array(np.array([1, -1, channels]), f'shape{channels}')
                          for channels in (1, 4, 10)]
    for name in NAMES:
        stride, channels = int(name.split('_')[1]), CHANNELS[name.split('_')[0]]
        scale = 0.002 if channels == 4 else 0.02  # boxes of about a cell
        kernel = generator.normal(0, scale / stride, (channels, 3, stride, stride)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f'{name}.weight'))
        nodes += [helper.make_node('Conv', ['input', f'{name}.weight'], [f'{name}.map'], strides=[stride] * 2),
                  helper.make_node('Transpose', [f'{name}.map'], [f'{name}.last'], perm=[0, 2, 3, 1]),
                  helper.make_node('Reshape', [f'{name}.last', f'shape{channels}'],
                                   [name if channels > 1 else f'{name}.logits'])]
        if channels == 1:
            nodes.append(helper.make_node('Sigmoid', [f'{name}.logits'], [name]))
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, CHANNELS[name.split('_')[0]]])
               for name in NAMES]
    entry = helper.make_tensor_value_info('input', TensorProto.FLOAT, [1, 3, 'height', 'width'])
    model = helper.make_model(helper.make_graph(nodes, 'random', [entry], outputs, weights),
                              opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    path = tmp_path_factory.mktemp('yunet') / 'random.onnx'
    onnx.save(model, path)
    return path


def test_boxes_are_opencvs(file, monkeypatch):
    """Before the suppression of overlapping boxes, for which OpenCV rounds them to pixels. Ours are in the picture."""
    monkeypatch.setattr(yunet, 'OVERLAP', 1.0)
    cv2 = pytest.importorskip('cv2')
    picture = np.random.default_rng(1).integers(0, 256, (SIDE, 2 * SIDE, 3), np.uint8)
    reference = cv2.FaceDetectorYN.create(str(file), '', (2 * SIDE, SIDE), 0.6, 1.0, 5000)
    _, expected = reference.detect(np.ascontiguousarray(picture[..., ::-1]))  # x, y, width, height, landmarks, score
    expected = sorted((row[14], row[0], row[1], row[0] + row[2], row[1] + row[3]) for row in expected)
    expected = [row for row in expected if min(row[3:]) > 0 and row[1] < 2 * SIDE and row[2] < SIDE]  # in the picture
    found = sorted((each.score, *each.box) for each in YuNet(file, min_score=0.6, threads=1)(picture))
    assert len(found) > 50
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


def test_suppression(file, monkeypatch):
    """No two boxes overlap much, and each one that is missing overlaps a better one."""
    picture = np.random.default_rng(1).integers(0, 256, (SIDE, 2 * SIDE, 3), np.uint8)
    kept = YuNet(file, min_score=0.6, threads=1)(picture)
    monkeypatch.setattr(yunet, 'OVERLAP', 1.0)
    found = YuNet(file, min_score=0.6, threads=1)(picture)
    assert len(kept) < len(found)
    assert all(overlap(one.box, other.box) <= 0.3 for one, other in combinations(kept, 2))
    assert all(each in kept or any(overlap(each.box, other.box) > 0.3 and other.score >= each.score for other in kept)
               for each in found)


def test_padding_and_shrinking_keep_the_coordinates(file):
    """A picture that is enlarged twice, and has a side that is no multiple of the largest stride."""
    small = np.random.default_rng(2).integers(0, 256, (SIDE, SIDE - 9, 3), np.uint8)
    large = small.repeat(2, 0).repeat(2, 1)
    once, twice = YuNet(file, side=SIDE, threads=1)(small), YuNet(file, side=SIDE, threads=1)(large)
    assert once
    np.testing.assert_allclose([each.box for each in twice], [[2 * side for side in each.box] for each in once],
                               rtol=1e-5)


@pytest.mark.parametrize(('content', 'words'), [(None, 'no such file'), (b'no model', 'no ONNX model')])
def test_no_yunet(tmp_path, content, words):
    path = tmp_path / 'bad.onnx'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EmonextError, match=rf'bad\.onnx.*{words}'):
        YuNet(path)


def test_another_model():
    from emonext.classifier import DEFAULT, MODELS

    with pytest.raises(EmonextError, match='probabilities'):
        YuNet(MODELS / f'{DEFAULT}.onnx')



def test_a_model_that_cannot_be_computed(file, monkeypatch):
    found = YuNet(file, threads=1)
    monkeypatch.setattr(found, '_input', 'other')
    with pytest.raises(EmonextError, match=file.name):
        found(np.zeros((SIDE, SIDE, 3), np.uint8))
