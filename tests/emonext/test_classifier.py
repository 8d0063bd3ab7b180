import json

import numpy as np
import pytest

from emonext import EmonextError
from emonext.classifier import DEFAULT, MODELS, OnnxClassifier
from emonext.metadata import KEY

onnx = pytest.importorskip('onnx')


@pytest.fixture
def changed(tmp_path):
    """Write the shipped model with other metadata."""

    def write(**entries):
        model = onnx.load(MODELS / f'{DEFAULT}.onnx')
        del model.metadata_props[:]
        onnx.helper.set_model_props(model, entries)
        onnx.save(model, tmp_path / 'it.onnx')
        return tmp_path / 'it.onnx'

    return write


def meta(**changes):
    return {**OnnxClassifier(threads=1).meta, **changes}


def test_own_classes(changed):
    classifier = OnnxClassifier(changed(**{KEY: json.dumps(meta(classes=list('abcdefg')))}))
    assert classifier.classes == tuple('abcdefg')


@pytest.mark.parametrize(('content', 'words'), [
    (None, KEY), ('no json', KEY), ('[]', KEY), ('{}', 'format'), (dict(format=99), 'format 99'),
    (dict(format=True), 'format True'), (dict(classes=['a']), '1 classes'), (dict(classes=7), 'classes'),
    (dict(classes=['a\n', *'bcdefg']), 'classes'), (dict(size='x'), 'size'), (dict(channels=2), 'channels 2'),
    (dict(crop=0), 'crop 0')])
def test_damaged_metadata(changed, content, words):
    text = json.dumps(meta(**content)) if isinstance(content, dict) else content
    path = changed(**({} if text is None else {KEY: text}))
    with pytest.raises(EmonextError, match=rf'it\.onnx.*{words}') as error:
        OnnxClassifier(path)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(('content', 'words'), [(None, 'no such'), (b'', 'no ONNX'), (b'text', 'no ONNX')])
def test_no_model(tmp_path, content, words):
    if content is not None:
        (tmp_path / 'it.onnx').write_bytes(content)
    with pytest.raises(EmonextError, match=rf'it\.onnx.*{words}'):
        OnnxClassifier(tmp_path / 'it.onnx')


def test_cut_file(tmp_path):
    content = (MODELS / f'{DEFAULT}.onnx').read_bytes()
    (tmp_path / 'it.onnx').write_bytes(content[:len(content) // 2])
    with pytest.raises(EmonextError, match=r'it\.onnx'):
        OnnxClassifier(tmp_path / 'it.onnx')


def test_both_outputs_at_once():
    """More faces than one batch has: those of each output alone."""
    classifier = OnnxClassifier(threads=1)
    faces = np.random.default_rng(0).integers(0, 256, (70, 1, 48, 48), np.uint8)
    probabilities, warped = classifier.classify_and_warp(faces)
    np.testing.assert_array_equal(probabilities, classifier(faces))
    np.testing.assert_array_equal(warped, classifier.warp(faces))
    assert (warped.shape, probabilities.shape) == ((70, 1, 48, 48), (70, 7))


def test_probabilities_that_are_not_finite(tmp_path):
    """A weight is no number; the graph is whole."""
    model = onnx.load(MODELS / f'{DEFAULT}.onnx')
    bias = next(tensor for tensor in model.graph.initializer if list(tensor.dims) == [7])
    values = onnx.numpy_helper.to_array(bias).copy()
    values[2] = np.nan
    bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
    onnx.save(model, tmp_path / 'it.onnx')
    classifier = OnnxClassifier(tmp_path / 'it.onnx', threads=1)
    faces = np.zeros((2, 1, 48, 48), np.uint8)
    for classify in (classifier, classifier.classify_and_warp):
        with pytest.raises(EmonextError, match=r'it\.onnx.* not finite'):
            classify(faces)
