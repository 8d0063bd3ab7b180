import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from mmpretrain.models import ClsDataPreprocessor

from emonext_mm.models import STNDataPreprocessor
from emonext_mm.visualization.faces import draw_frames, draw_image, has_stn, model_inputs, sampling_frame

WIDTH, HEIGHT = 32, 24
NORM = dict(mean=[127.0] * 3, std=[64.0] * 3)
IDENTITY = [1.0, 0, 0, 0, 1, 0]


class Faces:
    """A data set of constant grey images, brighter with the index."""

    def __init__(self, views=1):
        self.views = views

    def __getitem__(self, index):
        view = torch.full((1, HEIGHT, WIDTH), 20 * index, dtype=torch.uint8)
        return dict(inputs=view if self.views == 1 else [view] * self.views)


def frame_of(theta, align_corners=False):
    return sampling_frame(torch.tensor(theta).view(1, 2, 3), HEIGHT, WIDTH, align_corners)[0].T.numpy()


def test_has_stn():
    assert has_stn(STNDataPreprocessor(24))
    assert not has_stn(STNDataPreprocessor(None))
    assert not has_stn(ClsDataPreprocessor())


@pytest.mark.parametrize('kind', [ClsDataPreprocessor, STNDataPreprocessor])
def test_model_inputs_are_normalised_and_not_warped(kind):
    preprocessor = kind(**NORM)
    if kind is STNDataPreprocessor:
        preprocessor.localization.regressor[-1].bias.data.fill_(3)
    faces = model_inputs(preprocessor, Faces(), [5, 2])
    assert faces.shape == (2, 3, HEIGHT, WIDTH)
    for face, grey in zip(faces, (100, 40)):
        torch.testing.assert_close(face, torch.full_like(face, (grey - 127) / 64))


def test_several_views():
    with pytest.raises(ValueError, match='2 views'):
        model_inputs(ClsDataPreprocessor(), Faces(views=2), [0])


# Pixels have their centres at whole numbers: the image reaches from -0.5 to 31.5 and from -0.5 to 23.5.
@pytest.mark.parametrize(('theta', 'align_corners', 'left', 'right', 'top', 'bottom'), [
    (IDENTITY, False, -0.5, 31.5, -0.5, 23.5),
    (IDENTITY, True, 0, 31, 0, 23),
    ([0.5, 0, 0, 0, 0.5, 0], False, 7.5, 23.5, 5.5, 17.5),
    ([0.5, 0, 0.25, 0, 0.5, -0.5], False, 11.5, 27.5, -0.5, 11.5),
    ([0.5, 0, 0.25, 0, 0.5, -0.5], True, 11.625, 27.125, 0, 11.5),
])
def test_frame_is_what_the_warp_samples(theta, align_corners, left, right, top, bottom):
    frame = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    np.testing.assert_allclose(frame_of(theta, align_corners), frame, atol=1e-4)


def test_frame_turns_with_theta():
    """The output's right is the input's bottom, so the frame starts at the top right corner of the image."""
    np.testing.assert_allclose(frame_of([0.0, -1, 0, 1, 0, 0])[:2], [(31.5, -0.5), (31.5, 23.5)], atol=1e-4)


def test_face_is_drawn_in_its_own_pixels():
    axes = Figure().subplots()
    pixels = torch.tensor([0, 100, 255.0]).view(1, 1, 3)
    draw_image(axes, (pixels.expand(3, 1, 3) - 127) / 64, ClsDataPreprocessor(**NORM))
    assert axes.images[0].get_array().tolist() == [[[0] * 3, [100] * 3, [255] * 3]]
    axes = Figure().subplots()
    draw_image(axes, pixels, ClsDataPreprocessor())
    assert axes.images[0].get_array().tolist() == [[[0] * 3, [100] * 3, [255] * 3]]


def margin_for(theta):
    axes = Figure().subplots(1, 2)
    frames = torch.stack([torch.from_numpy(frame_of(IDENTITY).T), torch.from_numpy(frame_of(theta).T)])
    draw_frames(axes, frames, HEIGHT, WIDTH)
    for each, frame in zip(axes, frames):
        np.testing.assert_allclose(each.lines[0].get_xydata(), frame.T)
    assert axes[0].get_xlim() == axes[1].get_xlim()  # one scale for all
    left, right = axes[0].get_xlim()
    bottom, top = axes[0].get_ylim()
    shares = [(-0.5 - left) / WIDTH, (right - WIDTH + 0.5) / WIDTH,
              (-0.5 - top) / HEIGHT, (bottom - HEIGHT + 0.5) / HEIGHT]
    np.testing.assert_allclose(shares, shares[0])
    return shares[0]


@pytest.mark.parametrize(('theta', 'margin'), [
    (IDENTITY, 0.03),
    ([1.0, 0, 0.4, 0, 1, 0], 0.23),  # 0.2 of the width to the right
    ([1.0, 0, 0, 0, 1, -0.4], 0.23),  # 0.2 of the height above
    ([1.5, 0, 0, 0, 1, 0], 0.28),
    ([9.0, 0, 0, 0, 9, 0], 0.5),
])
def test_margin_for_the_widest_frame(theta, margin):
    assert margin_for(theta) == pytest.approx(margin, abs=1e-6)
