"""draw_face: common and different parts of the seven expressions."""

import cv2
import numpy as np
import pytest

from emonext_mm.datasets.drawn_face import draw_face
from emonext_mm.emotions import CLASSES


def face(label: int, *stream: int, **kwargs) -> np.ndarray:
    return draw_face(label, np.random.default_rng(stream or (0,)), **kwargs)


@pytest.mark.parametrize('label', [-1, 7])
def test_bad_label(label):
    with pytest.raises(ValueError, match=f'label must be 0 to 6, got {label}'):
        face(label)


def test_bad_nuisance():
    with pytest.raises(ValueError, match=r'nuisance must be 0 to 1, got 1\.5'):
        face(0, nuisance=1.5)


def test_without_nuisance_a_class_is_one_face():
    assert (face(3, 1, max_rotation=0, nuisance=0) == face(3, 2, max_rotation=0, nuisance=0)).all()


def test_plain_faces_of_two_classes_differ():
    """In the eyes or the mouth: at least 12 pixels by more than 32 grey levels."""
    plain = [face(label, max_rotation=0, nuisance=0).astype(int) for label in range(7)]
    for a in range(7):
        for b in range(a):
            assert (np.abs(plain[a] - plain[b]) > 32).sum() >= 12, (CLASSES[a], CLASSES[b])


def test_plain_faces_of_two_classes_differ_only_inside_the_face():
    plain = np.stack([face(label, max_rotation=0, nuisance=0) for label in range(7)])
    spread = np.ptp(plain.astype(int), axis=0)
    inside = np.zeros((48, 48), bool)
    inside[8:42, 8:40] = True
    assert spread[~inside].max() <= 2  # light is relative to the mean of the image


def test_plain_face_is_symmetric_when_neutral():
    plain = face(6, max_rotation=0, nuisance=0).astype(int)[:, 1:]  # OpenCV puts the centre on a pixel
    away_from_nose = np.abs(np.arange(47) - 23) > 5
    assert np.abs(plain - plain[:, ::-1])[:, away_from_nose].mean() < 6


@pytest.mark.parametrize('stream', range(6))
def test_rotation_turns_the_image(stream):
    """The angle is the first draw; turned back by it, the face is upright again."""
    angle = 30 * np.random.default_rng(stream).uniform(-1, 1)
    upright, turned = (face(3, stream, max_rotation=most, nuisance=0) for most in (0, 30))
    back = cv2.warpAffine(turned, cv2.getRotationMatrix2D((24, 24), -angle, 1), (48, 48))

    def difference(image):  # within the face
        return np.abs(image.astype(int) - upright)[10:38, 10:38].mean()

    assert difference(back) < 10
    assert difference(back) < difference(turned) or abs(angle) < 3


def test_rotation_does_not_change_the_rest_of_the_face():
    """The same stream with and without rotation: the pose differs, the grey levels agree on average."""
    for i in range(10):
        upright, turned = face(i % 7, 0, 0, i, max_rotation=0), face(i % 7, 0, 0, i, max_rotation=30)
        assert not (upright == turned).all()
        assert abs(upright[12:36, 12:36].mean() - turned[12:36, 12:36].mean()) < 12
