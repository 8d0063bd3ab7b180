import cv2
import numpy as np
import pytest

from emonext_mm.datasets import SyntheticFER
from emonext_mm.visualization.image_grid import draw_grid, raw_image

FACE = np.arange(6, dtype=np.uint8).reshape(2, 3)


class Listed:
    """A data set of one image, of which it knows what it is told."""

    def __init__(self, **info):
        self.info = info

    def get_data_info(self, place):
        return self.info


def test_image_that_the_data_set_holds():
    faces = SyntheticFER(num_samples=2)
    np.testing.assert_array_equal(raw_image(faces, 1), faces.images[1])


def test_colours_come_in_the_order_of_matplotlib():
    assert raw_image(Listed(img=np.full((1, 1, 3), (0, 1, 2), np.uint8)), 0).tolist() == [[[2, 1, 0]]]


def test_image_file(tmp_path):
    path = tmp_path / 'blue.png'
    cv2.imwrite(str(path), np.full((4, 4, 3), (255, 0, 0), np.uint8))
    assert (raw_image(Listed(img_path=str(path)), 0) == (0, 0, 255)).all()
    with pytest.raises(FileNotFoundError, match=r'gone\.png'):
        raw_image(Listed(img_path=str(tmp_path / 'gone.png')), 0)


def test_sheet_shows_every_image_above_its_caption():
    images = [FACE + step for step in range(9)]
    figure = draw_grid(images, [f'face {step}\nsad' for step in range(9)], 'Faces')
    assert figure.get_suptitle() == 'Faces'
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_xlabel() for axes in drawn] == [f'face {step}\nsad' for step in range(9)]
    for axes, image in zip(drawn, images):
        np.testing.assert_array_equal(axes.images[0].get_array(), image)
        assert axes.images[0].get_clim() == (0, 255)
    assert not any(axes.get_frame_on() for axes in figure.axes)  # nor where the last row has no image


def test_sheet_of_nothing():
    assert not any(axes.images for axes in draw_grid([], [], 'None').axes)


def test_captions_stand_below_their_image_and_in_the_figure():
    figure = draw_grid([FACE] * 9, ['one\ntwo\nthree'] * 9, 'Faces')
    figure.draw_without_rendering()
    above, below = figure.axes[0], figure.axes[8]
    assert above.xaxis.label.get_window_extent().y1 <= above.images[0].get_window_extent().y0
    assert above.xaxis.label.get_window_extent().y0 >= below.images[0].get_window_extent().y1
    assert below.xaxis.label.get_window_extent().y0 >= 0
