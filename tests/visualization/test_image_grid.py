import cv2
import numpy as np
import pytest

from emonext_mm.datasets import SyntheticFER
from emonext_mm.visualization.image_grid import draw_grid, raw_image

FACE = np.arange(6, dtype=np.uint8).reshape(2, 3)


class OneImage:
    """A data set of one image with the given information."""

    def __init__(self, **info):
        self.info = info

    def get_data_info(self, index):
        return self.info


def test_image_in_the_data_set():
    faces = SyntheticFER(num_samples=2)
    np.testing.assert_array_equal(raw_image(faces, 1), faces.images[1])


def test_colors_in_the_order_of_matplotlib():
    assert raw_image(OneImage(img=np.full((1, 1, 3), (0, 1, 2), np.uint8)), 0).tolist() == [[[2, 1, 0]]]


def test_image_file(tmp_path):
    path = tmp_path / 'blue.png'
    cv2.imwrite(str(path), np.full((4, 4, 3), (255, 0, 0), np.uint8))
    assert (raw_image(OneImage(img_path=str(path)), 0) == (0, 0, 255)).all()
    with pytest.raises(FileNotFoundError, match=r'gone\.png'):
        raw_image(OneImage(img_path=str(tmp_path / 'gone.png')), 0)


def test_every_image_has_its_caption():
    images = [FACE + step for step in range(9)]
    figure = draw_grid(images, [f'face {step}\nsad' for step in range(9)], 'Faces')
    assert figure.get_suptitle() == 'Faces'
    assert len(figure.axes) == 9
    assert [axes.get_xlabel() for axes in figure.axes] == [f'face {step}\nsad' for step in range(9)]
    for axes, image in zip(figure.axes, images):
        np.testing.assert_array_equal(axes.images[0].get_array(), image)
        assert axes.images[0].get_clim() == (0, 255)
    assert not any(axes.get_frame_on() for axes in figure.axes)


def corners(figure):
    return np.array([axes.get_position().p0 for axes in figure.axes])


def test_columns():
    left, bottom = corners(draw_grid([FACE] * 7, [''] * 7, 'Faces', columns=3)).T
    assert len(np.unique(left)) == len(np.unique(bottom)) == 3
    np.testing.assert_array_equal(left[:3], left[3:6])
    assert bottom[0] > bottom[3] > bottom[6]


def test_caption_colors():
    figure = draw_grid([FACE] * 2, ['a', 'b'], 'Faces', caption_colors=['red', 'blue'])
    assert [axes.xaxis.label.get_color() for axes in figure.axes] == ['red', 'blue']
    assert draw_grid([FACE], ['a'], 'Faces').axes[0].xaxis.label.get_color() == 'black'


def test_grid_of_nothing():
    figure = draw_grid([], [], 'None')
    assert figure.get_suptitle() == 'None'
    assert not figure.axes


@pytest.mark.parametrize('count', [3, 9, 24])
@pytest.mark.parametrize('columns', [8, 4])
@pytest.mark.parametrize('title', ['Faces', 'A title far too long for one line ' * 6])
def test_nothing_overlaps(count, columns, title):
    figure = draw_grid([np.zeros((48, 48), np.uint8)] * count, ['one\ntwo\nPublicTest_525'] * count, title, columns)
    note = figure.supxlabel('some note', fontsize=7)
    figure.draw_without_rendering()
    rows = [(axes.images[0].get_window_extent(), axes.xaxis.label.get_window_extent()) for axes in figure.axes]
    for image, caption in rows:
        assert caption.y1 <= image.y0
        assert 0 <= image.x0 < image.x1 <= figure.bbox.x1
    for (_, caption), (image, _) in zip(rows, rows[columns:]):
        assert image.y1 <= caption.y0
    assert note.get_window_extent().y1 <= min(caption.y0 for _, caption in rows)
    above = figure._suptitle.get_window_extent()
    assert rows[0][0].y1 <= above.y0
    assert above.y1 <= figure.bbox.y1
    assert 0 <= above.x0 < above.x1 <= figure.bbox.x1
