import numpy as np
import pytest
from PIL import ImageColor

from emonext.drawing import COLORS, annotate, draw_timeline
from emonext.results import Face

CLASSES = ('dark', 'grey', 'bright')


def face(box, label='grey', track=None):
    return Face(box, True, 0.9, label, 0.8, dict.fromkeys(CLASSES, 0.1) | {label: 0.8}, track)


def rgb(index):
    return ImageColor.getrgb(COLORS[index])


def test_a_box_has_the_color_of_its_class():
    pixels = np.full((200, 300, 3), 128, np.uint8)
    drawn = annotate(pixels, [face((100, 60, 180, 160))])
    assert (pixels == 128).all()
    assert tuple(drawn[60, 140]) == tuple(drawn[159, 140]) == tuple(drawn[100, 100]) == tuple(drawn[100, 179]) == rgb(1)
    assert (drawn[70:150, 110:170] == 128).all()  # the face itself stays as it is
    assert (drawn[:30] == 128).all()


@pytest.mark.parametrize('box', [(-50, -50, 20, 20), (-5, -5, 500, 500), (280, 180, 400, 300), (5, 5, 5.2, 5.2)])
def test_faces_at_the_border(box):
    drawn = annotate(np.zeros((200, 300, 3), np.uint8), [face(box, track=3)])
    assert drawn.shape == (200, 300, 3)
    assert (drawn == rgb(1)).all(-1).any()


def test_no_face():
    pixels = np.zeros((1, 1, 3), np.uint8)
    assert annotate(pixels, []) is pixels
    assert annotate(pixels, [face((0, 0, 1, 1))]).shape == (1, 1, 3)


def test_timeline():
    """A track that is dark for the first half, and bright for the second; another one from 6 to 8 s."""
    times = np.arange(0, 10.1, 0.1)
    spans = {0: [(time, 'dark' if time < 5 else 'bright') for time in times],
             4: [(time, 'grey') for time in times if 6 <= time <= 8]}
    drawn = np.asarray(draw_timeline(spans, CLASSES))
    lanes = [drawn[20], drawn[46]]

    def share(lane, index):
        return (lane == rgb(index)).all(-1).mean() * drawn.shape[1] / 1000  # 1000 px for 10 s

    assert [share(lanes[0], index) for index in range(3)] == pytest.approx([0.5, 0, 0.5], abs=0.01)
    assert [share(lanes[1], index) for index in range(3)] == pytest.approx([0, 0.2, 0], abs=0.01)


def test_timeline_without_faces():
    assert draw_timeline({}, CLASSES).width > 1000
