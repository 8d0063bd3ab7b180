import numpy as np
import pytest
import torch

from emonext_mm.models import STNDataPreprocessor
from emonext_mm.visualization.stn import draw_stn

WIDTH, HEIGHT = 32, 24


class Faces:
    """A data set of twelve constant grey images, brighter with the index."""

    def __init__(self, views=1):
        self.views = views

    def __len__(self):
        return 12

    def __getitem__(self, index):
        view = torch.full((1, HEIGHT, WIDTH), 20 * index, dtype=torch.uint8)
        return dict(inputs=view if self.views == 1 else [view] * self.views)


def make_stn(theta, **kwargs):
    """An STN that predicts the same theta for every image."""
    stn = STNDataPreprocessor(24, mean=[127.0] * 3, std=[64.0] * 3, **kwargs)
    stn.localization.regressor[-1].bias.data = torch.tensor(theta)
    return stn


@pytest.mark.parametrize(('align_corners', 'left', 'right', 'top', 'bottom'), [
    (False, 11.5, 27.5, -0.5, 11.5),
    (True, 11.625, 27.125, 0, 11.5),
])
def test_frame_is_drawn_on_the_input(align_corners, left, right, top, bottom):
    figure = draw_stn(make_stn([0.5, 0, 0.25, 0, 0.5, -0.5], align_corners=align_corners), Faces(), count=3)
    for axes in figure.axes[:3]:
        frame = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        np.testing.assert_allclose(axes.lines[0].get_xydata(), frame, atol=1e-4)
    assert not any(axes.lines for axes in figure.axes[3:])


@pytest.mark.parametrize('align_corners', [False, True])
def test_frame_of_a_view(align_corners):
    """A view without the outer tenth: the centre of the frame is shifted by 0.1 and -0.2 of half the sides."""
    stn = make_stn([0.5, 0, 0.125, 0, 0.5, -0.25], align_corners=align_corners,
                   view=dict(type='AffineView', size=40, resize=50))
    figure = draw_stn(stn, Faces(), count=2)
    # With aligned corners a shift of 0.125 is shorter by 39 / 40.
    share = 39 / 40 if align_corners else 1
    centre = np.array([0.1 * share * WIDTH, -0.2 * share * HEIGHT]) / 2 + [(WIDTH - 1) / 2, (HEIGHT - 1) / 2]
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * [0.4 * WIDTH / 2, 0.4 * HEIGHT / 2]
    for axes in figure.axes[:2]:
        np.testing.assert_allclose(axes.lines[0].get_xydata(), centre + corners, atol=1e-4)
    assert figure.axes[2].images[0].get_array().shape == (40, 40, 3)


def test_faces_before_and_after_the_stn():
    """With a scale of 2 the faces fill the middle half of the output; the rest is 0, the mean of the pixels."""
    figure = draw_stn(make_stn([2.0, 0, 0, 0, 2, 0]), Faces(), count=3)
    assert len(figure.axes) == 6
    for axes, value in zip(figure.axes, (0, 100, 220)):  # the first, the middle and the last
        assert np.unique(axes.images[0].get_array()) == [value]
    after = figure.axes[5].images[0].get_array()
    assert after.shape == (HEIGHT, WIDTH, 3)
    assert (after[7:17, 9:23] == 220).all()
    assert (after[:5] == 127).all()
    assert (after[:, :7] == 127).all()


def test_fewer_faces_than_asked_for():
    assert len(draw_stn(make_stn([1.0, 0, 0, 0, 1, 0]), Faces(), count=20).axes) == 2 * 12


def test_several_views():
    with pytest.raises(ValueError, match='2 views'):
        draw_stn(make_stn([1.0, 0, 0, 0, 1, 0]), Faces(views=2))


def test_stn_that_is_off():
    with pytest.raises(RuntimeError, match='STN'):
        draw_stn(STNDataPreprocessor(None), Faces())
