import numpy as np
import pytest
from mmpretrain.registry import VISUALIZERS
from mmpretrain.visualization import UniversalVisualizer

from emonext_mm.engine import GreyVisualizer

GREY = np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8).repeat(8, 0).repeat(8, 1)


def drawn(visualizer, image):
    visualizer.set_image(image)
    return visualizer.get_image().astype(int)


@pytest.mark.parametrize('image', [GREY, GREY[..., None]], ids=['H-W', 'H-W-1'])
def test_grey_is_drawn_in_grey(image):
    pixels = drawn(GreyVisualizer(), image)
    assert (pixels == pixels[..., :1]).all()
    assert abs(pixels.mean() - GREY.mean()) < 8
    assert pixels.min() < 10
    assert pixels.max() > 245


def test_mmpretrain_draws_grey_in_colours():
    """As long as this holds, ``GreyVisualizer`` is needed."""
    pixels = drawn(UniversalVisualizer(), GREY[..., None])
    assert (pixels[..., 0] != pixels[..., 2]).any()


def test_colours_are_kept():
    image = np.zeros((8, 8, 3), np.uint8)
    image[..., 0] = 200
    np.testing.assert_array_equal(drawn(GreyVisualizer(), image), drawn(UniversalVisualizer(), image))


def test_caller_keeps_its_image():
    image = GREY[..., None].copy()
    drawn(GreyVisualizer(), image)
    np.testing.assert_array_equal(image, GREY[..., None])


def test_registered():
    assert isinstance(VISUALIZERS.build(dict(type='GreyVisualizer', name='test_registered')), GreyVisualizer)
