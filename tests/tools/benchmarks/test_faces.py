import cv2
import numpy as np
import pytest

from emonext_mm.datasets import FER2013


@pytest.fixture
def faces(script):
    return script('_faces')


def test_drawn_faces_repeat_with_their_labels(faces, monkeypatch):
    monkeypatch.setattr(faces, 'DRAWN', 9)
    images, labels = faces.draw_faces(20)
    assert images.shape == (20, 48, 48)
    assert len(np.unique(images, axis=0)) == 9
    assert labels[:9].tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1]
    for start in (9, 18):
        part = slice(start, start + 9)
        assert (images[part] == images[:len(images[part])]).all()
        assert (labels[part] == labels[:len(labels[part])]).all()


@pytest.mark.parametrize('header', ['emotion,pixels,Usage', 'emotion, Usage, pixels', 'emotion,pixels'])
def test_a_csv_holds_the_faces(faces, header, tmp_path):
    images, labels = faces.draw_faces(10)
    dataset = FER2013(str(faces.write_csv(tmp_path / 'faces.csv', images, labels, header)), split='train')
    assert (dataset.images == images).all()
    assert dataset.labels.tolist() == labels.tolist()


def test_folders_hold_the_faces(faces, tmp_path):
    images, labels = faces.draw_faces(10)
    dataset = FER2013(str(faces.write_folders(tmp_path, images, labels)), split='train')
    decoded = [cv2.imdecode(cv2.imencode('.jpg', image)[1], cv2.IMREAD_GRAYSCALE) for image in images]
    assert (dataset.images == np.stack(decoded)).all()
    assert dataset.labels.tolist() == labels.tolist()
