import io

import numpy as np
import pytest
from PIL import Image

from emonext import Recognizer


@pytest.fixture
def encode():
    """The bytes of a picture of one grey value, a face of 48 px if it is nothing else."""

    def write(value=200, size=(48, 48), kind='PNG'):
        file = io.BytesIO()
        Image.new('RGB', size, (value,) * 3).save(file, kind)
        return file.getvalue()

    return write


@pytest.fixture
def recognizer(classifier):
    """Takes each picture as one face, and knows its brightness."""
    classifier.meta = dict(classes=list(classifier.classes))
    classifier.classify_and_warp = lambda faces: (classifier(faces), faces[:, :, 12:36, 12:36])
    return Recognizer(classifier, 'none')


@pytest.fixture
def noise():
    """A picture that cannot be compressed, of about 3 bytes a pixel."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)).save(file, 'PNG')
    return file.getvalue()
