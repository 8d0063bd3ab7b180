"""Views as affine maps against the same steps on the pixels of an image."""
import math

import cv2
import numpy as np
import pytest
import torch

from emonext_mm.datasets import RandomViews, SyntheticFER, Views
from emonext_mm.models.layers.affine import affine_warp
from emonext_mm.models.preprocessors import AffineView

SIZE = 48
VIEW = dict(type='AffineView', size=224, degrees=30, flip=0.5)


@pytest.fixture(scope='module')
def face():
    return cv2.GaussianBlur(SyntheticFER(1, 'test').images[0], (0, 0), 2)


def views_of(transform, face, index=0):
    found = transform(dict(img=face, sample_idx=index, img_shape=face.shape))
    return [sample.view for sample in found['data_samples']]


def look(face, view):
    image = torch.from_numpy(face)[None, None].double()
    return affine_warp(image, torch.tensor([view]).double(), padding_mode='border')[0, 0].numpy()


def after_steps(face, zoom, radians, x, y, flip):
    """The steps one after the other by OpenCV, each with an interpolation of its own."""
    face = face.astype(np.float64)[:, ::-1] if flip else face.astype(np.float64)
    middle = ((SIZE - 1) / 2, (SIZE - 1) / 2)
    enlarge = cv2.getRotationMatrix2D(middle, 0, 1 / zoom)
    turn = cv2.getRotationMatrix2D(middle, math.degrees(radians), 1)
    for matrix in (enlarge, np.float64([[1, 0, x], [0, 1, y]]), turn):
        face = cv2.warpAffine(np.ascontiguousarray(face), matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
    return face


@pytest.mark.parametrize('view', [
    (1, 0, 0, 0, False), (1, 0, 0, 0, True), (0.9, 0, 0, 0, False), (1, 0.4, 0, 0, False), (1, 0, 5, 0, False),
    (1, 0, 0, -3, True), (0.9, 0.15, 0, 0, True), (0.8, -0.4, 4, 2, True)])
def test_a_view_is_the_image_after_the_steps(face, view):
    found, = views_of(Views(SIZE, [view]), face)
    inner = slice(12, -12)  # apart from the border, which the steps repeat one after the other
    assert abs(look(face, found) - after_steps(face, *view))[inner, inner].max() < 4


def test_equal_views_count_several_times(face):
    identity = [[1, 0, 0], [0, 1, 0]]
    assert views_of(Views(SIZE, [(1, 0, 0, 0, False)] * 3), face) == [identity] * 3


def test_random_views_depend_on_image_and_seed_alone(face):
    transform = RandomViews(VIEW)
    first, second = views_of(transform, face, 3), views_of(transform, face, 4)
    assert len(first) == 10
    assert first != second
    assert views_of(RandomViews(VIEW), face, 3) == first
    assert views_of(RandomViews(VIEW, seed=1), face, 3) != first
    assert len(views_of(RandomViews(VIEW, count=2), face, 3)) == 2


def test_random_views_are_those_of_the_config(face):
    """Angles are uniform up to 30 degrees, half of the views are mirrored, and nothing else changes."""
    maps = torch.tensor(views_of(RandomViews(VIEW, count=2000), face))
    assert torch.allclose(torch.linalg.det(maps[:, :, :2]).abs(), torch.ones(2000), atol=1e-5)
    assert not maps[:, :, 2].any()
    degrees = torch.rad2deg(torch.asin(maps[:, 1, 0]))
    assert degrees.abs().max() <= 30.001
    assert degrees.std() == pytest.approx(60 / math.sqrt(12), rel=0.05)
    assert (torch.linalg.det(maps[:, :, :2]) < 0).float().mean() == pytest.approx(0.5, abs=0.04)


def test_global_random_numbers_stay(face):
    before = torch.random.get_rng_state()
    views_of(RandomViews(VIEW), face)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert AffineView(8, degrees=3).draw(2, torch.device('cpu'), torch.Generator().manual_seed(1)).shape == (2, 2, 3)
