import numpy as np
import pytest

from emonext_mm.audit.faces import Faces
from emonext_mm.audit.figure import draw_audit
from emonext_mm.audit.findings import find_defects

ANGRY, HAPPY, SAD = 0, 3, 4


@pytest.fixture
def faces():
    """Noise: 0 to 3 are equal (happy, happy, sad, and happy in val), 4 and 5 equal across splits, 7 mirrors 6."""
    images = np.random.default_rng(0).integers(0, 256, (10, 48, 48), np.uint8)
    images[[1, 2, 3]] = images[0]
    images[5] = images[4]
    images[7] = images[6, :, ::-1]
    labels = np.array([HAPPY, HAPPY, SAD, HAPPY, SAD, SAD, ANGRY, -1, ANGRY, ANGRY])
    return Faces(images, labels, np.array([0, 0, 0, 1, 0, 2, 0, 0, 0, 0]), list('abcdefghij'), ['x'], [])


def drawn(figure):
    """Image, caption and colour of each cell."""
    return [(axes.images[0].get_array(), axes.get_xlabel(), axes.xaxis.label.get_color())
            for axes in figure.axes if axes.images]


def test_groups_with_their_splits_and_labels(faces):
    cells = drawn(draw_audit(find_defects(faces.images, faces.labels, faces.splits), faces))
    assert [(caption.split('\n'), color) for _, caption, color in cells] == [
        (['contradicting 1', 'happy', 'train x2'], 'black'),
        (['contradicting 1', 'sad', 'train'], 'red'),
        (['contradicting 1', 'happy', 'val'], 'black'),
        (['leaked 1', 'happy', 'train x2'], 'black'),
        (['leaked 1', 'sad', 'train'], 'red'),
        (['leaked 1', 'happy', 'val'], 'black'),
        (['leaked 2', 'sad', 'train'], 'black'),
        (['leaked 2', 'sad', 'test'], 'black'),
        (['mirrored 1', 'angry', 'train'], 'black'),
        (['mirrored 1', 'no label', 'train'], 'red'),
    ]
    for (image, _, _), index in zip(cells, [0, 2, 3, 0, 2, 3, 4, 5, 6, 7]):
        np.testing.assert_array_equal(image, faces.images[index])


def test_title_counts_the_groups(faces):
    figure = draw_audit(find_defects(faces.images, faces.labels, faces.splits), faces)
    assert [int(word.strip(',;')) for word in figure.get_suptitle().split() if word.strip(',;').isdigit()] == [1, 2, 1]


def test_nothing_found(faces):
    sound = faces._replace(images=faces.images[8:], labels=faces.labels[8:], splits=faces.splits[8:])
    assert drawn(draw_audit(find_defects(sound.images, sound.labels, sound.splits), sound)) == []


def test_many_groups_are_shown_in_part_and_whole():
    images = np.random.default_rng(0).integers(0, 256, (100, 48, 48), np.uint8).repeat(2, axis=0)
    faces = Faces(images, np.tile([HAPPY, SAD], 100), np.zeros(200, int), [''] * 200, ['x'], [])
    figure = draw_audit(find_defects(faces.images, faces.labels, faces.splits), faces)
    assert len(drawn(figure)) == 60
    assert '100' in figure.get_suptitle()
