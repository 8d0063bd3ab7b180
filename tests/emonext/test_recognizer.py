import numpy as np
import pytest
from PIL import Image

from emonext import EmonextError, Recognizer, to_rows
from emonext.results import COLUMNS, Face
from tests.emonext.films import write_film

CLASSES = ('dark', 'grey', 'bright')


def test_picture_without_a_detector(classifier, picture):
    result, = Recognizer(classifier, 'none').predict(picture('a.png', 200))
    assert (result.source, result.width, result.height, result.frame, result.time) == (
        str(picture('a.png', 200)), 64, 48, None, None)
    probabilities = dict(zip(CLASSES, (0.1, 0.1, 0.8)))
    assert result.faces == (Face((8, 0, 56, 48), False, None, 'bright', pytest.approx(0.8),
                                 pytest.approx(probabilities), None), )


def test_faces_are_cut_out_and_sorted(classifier):
    """A small bright face and a large dark one in a grey picture."""
    pixels = np.full((200, 300, 3), 128, np.uint8)
    pixels[10:40, 10:40], pixels[100:180, 200:280] = 255, 0
    found = [(12, 10, 38, 40, 0.75), (210, 100, 270, 180, 0.5)]  # narrower than the squares
    result, = Recognizer(classifier, lambda picture: found).predict(pixels)
    assert [face.label for face in result.faces] == ['dark', 'bright']
    assert [face.box for face in result.faces] == [(210, 100, 270, 180), (12, 10, 38, 40)]
    assert [face.detection_score for face in result.faces] == [0.5, 0.75]
    assert all(face.detected for face in result.faces)


def test_no_face_is_a_result(classifier):
    result, = Recognizer(classifier, lambda picture: []).predict(np.zeros((9, 9), np.uint8))
    assert result.faces == ()


def test_sources_give_the_same_answer(classifier, picture):
    path = picture('a.png', 120)
    pixels = np.asarray(Image.open(path))
    results = Recognizer(classifier, 'none').predict(
        [path, str(path), path.read_bytes(), Image.open(path), pixels, pixels / 255, pixels[..., :1], pixels[..., 0]])
    assert len({(result.width, result.height, result.faces[0].box, result.faces[0].label) for result in results}) == 1


def test_errors(classifier, picture, tmp_path):
    good, bad = picture('a.png'), tmp_path / 'bad.png'
    bad.write_text('no picture')
    recognizer = Recognizer(classifier, 'none')
    with pytest.raises(EmonextError, match=r'bad\.png'):
        list(recognizer.predict([good, bad]))
    errors = []
    results = list(recognizer.predict([bad, good], on_error=lambda name, error: errors.append((name, str(error)))))
    assert [result.source for result in results] == [str(good)]
    assert [name for name, _ in errors] == [str(bad)]


@pytest.mark.parametrize(('options', 'words'), [
    (dict(smoothing=-1), 'smoothing -1'), (dict(threads=0), 'threads 0'), (dict(every=0), 'every 0'),
    (dict(min_score=1.5), r'min_score 1\.5'), (dict(model='none.onnx'), r'none\.onnx')])
def test_bad_arguments(options, words):
    with pytest.raises(EmonextError, match=words):
        Recognizer(**options)


def test_rows(classifier):
    pictures = [np.zeros((4, 4), np.uint8), np.ones((60, 60), np.uint8)]
    recognizer = Recognizer(classifier, lambda picture: [] if len(picture) == 4 else [(0, 0, 50, 60), (0, 0, 9, 9)])
    rows = to_rows(recognizer.predict(pictures))
    assert [row['face'] for row in rows] == [None, 0, 1]
    assert list(rows[1]) == [*COLUMNS, 'p_dark', 'p_grey', 'p_bright']
    assert (rows[1]['source'], rows[1]['right'], rows[1]['p_dark']) == ('array 1', 50.0, pytest.approx(0.8))
    assert rows[0]['label'] is None


def test_several_hundred_faces(classifier):
    """A checkerboard of dark and bright faces."""
    board = np.kron(np.indices((20, 25)).sum(0) % 2, np.full((16, 16), 255)).astype(np.uint8)
    boxes = [(x, y, x + 16, y + 16) for y in range(0, 320, 16) for x in range(0, 400, 16)]
    result, = Recognizer(classifier, lambda picture: boxes).predict(board)
    assert len(result.faces) == 500
    assert all((face.label == 'bright') == (sum(face.box[:2]) // 16 % 2 == 1) for face in result.faces)


@pytest.mark.parametrize('answer', [np.full((1, 3), np.nan), np.ones((2, 3)), np.ones((1, 4))])
def test_answers_that_are_no_probabilities(classifier, answer):
    """Not a number, of other faces, of other classes."""
    broken = type('Broken', (type(classifier),), {'__call__': lambda self, faces: answer})()
    with pytest.raises(EmonextError, match=r'array 0.*3 classes'):
        list(Recognizer(broken, 'none').predict(np.zeros((9, 9), np.uint8)))


def test_distant_frames_are_smoothed(classifier, tmp_path):
    """Every 20th frame of ten a second: after two seconds, the half-life, half of the old probability is left."""
    film = write_film(tmp_path / 'a.mp4', 4, sound=None, values=(20, 230))
    results = list(Recognizer(classifier, 'none', smoothing=2.0, every=20).predict(film))
    assert [(result.frame, result.faces[0].track) for result in results] == [(0, 0), (20, 0)]
    assert results[1].faces[0].probabilities['dark'] == pytest.approx((0.8 + 0.1) / 2, abs=1e-6)
