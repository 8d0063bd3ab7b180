import numpy as np
import pytest
import torch
from matplotlib import pyplot

from emonext_mm.apis.pictures.stn import draw_stn
from emonext_mm.models import STNDataPreprocessor

WIDTH, HEIGHT = 32, 24


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close('all')


class Faces:
    """Twelve faces, a constant grey each."""

    def __init__(self, views=1):
        self.views = views

    def __len__(self):
        return 12

    def __getitem__(self, index):
        view = torch.full((1, HEIGHT, WIDTH), 20 * index, dtype=torch.uint8)
        return dict(inputs=view if self.views == 1 else [view] * self.views)


def make_stn(theta, **kwargs):
    """An STN that answers the same theta to every image."""
    stn = STNDataPreprocessor(24, mean=[127.0] * 3, std=[64.0] * 3, **kwargs)
    stn.localization.regressor[-1].bias.data = torch.tensor(theta)
    return stn


IDENTITY = [1.0, 0, 0, 0, 1, 0]


# Pixels have their centres at whole numbers: the image reaches from -0.5 to 31.5 and from -0.5 to 23.5.
@pytest.mark.parametrize(('theta', 'align_corners', 'left', 'right', 'top', 'bottom'), [
    (IDENTITY, False, -0.5, 31.5, -0.5, 23.5),
    (IDENTITY, True, 0, 31, 0, 23),
    ([0.5, 0, 0, 0, 0.5, 0], False, 7.5, 23.5, 5.5, 17.5),
    ([0.5, 0, 0.25, 0, 0.5, -0.5], False, 11.5, 27.5, -0.5, 11.5),
    ([0.5, 0, 0.25, 0, 0.5, -0.5], True, 11.625, 27.125, 0, 11.5),
])
def test_frame_is_what_the_stn_samples(theta, align_corners, left, right, top, bottom):
    figure = draw_stn(make_stn(theta, align_corners=align_corners), Faces(), count=3)
    for axes in figure.axes[:3]:
        frame = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        np.testing.assert_allclose(axes.lines[0].get_xydata(), frame, atol=1e-4)


def test_frame_turns_with_theta():
    """Output right is input down: the first corner of the frame is the image's top right one."""
    figure = draw_stn(make_stn([0.0, -1, 0, 1, 0, 0]), Faces(), count=1)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xydata()[:2], [(31.5, -0.5), (31.5, 23.5)], atol=1e-4)


def test_faces_before_and_after_the_stn():
    """Scaled by 2, the faces fill the middle half of what comes out, and zeros of the normalised image the rest."""
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
    assert len(draw_stn(make_stn(IDENTITY), Faces(), count=20).axes) == 2 * 12


def test_no_stn_picture_of_several_views():
    assert draw_stn(make_stn(IDENTITY), Faces(views=2)) is None
