"""Each change of the faces against Pillow, OpenCV or a property that follows from its definition."""
import cv2
import numpy as np
import pytest
from PIL import Image

from emonext_mm.datasets import SyntheticFER
from emonext_mm.evaluation.robustness import (
    CONDITIONS,
    CURVES,
    GOALS,
    UNCHANGED,
    blur,
    brighten,
    coarsen,
    compress,
    crop,
    rotate,
    shift,
)

NAMES = {name: change for conditions in CONDITIONS.values() for name, change in conditions.items()}


@pytest.fixture(scope='module')
def faces():
    return SyntheticFER(14, 'test').images


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)


def difference(a, b):
    return np.abs(a.astype(int) - b)


def padded(face, width):
    return cv2.copyMakeBorder(face, *[width] * 4, cv2.BORDER_REPLICATE)


@pytest.mark.parametrize('name', NAMES)
def test_shape_and_arguments(name, faces):
    before = faces.copy()
    changed = NAMES[name](faces)
    assert (changed.shape, changed.dtype) == (faces.shape, np.uint8)
    assert np.array_equal(changed, faces) == (name == UNCHANGED)
    assert np.array_equal(faces, before)
    assert np.array_equal(NAMES[name](faces[2:3])[0], changed[2])  # each face by itself


def test_names_and_order():
    assert list(CONDITIONS) == ['crop side', 'centre', 'rotation', 'brightness', 'blur', 'JPEG', 'resolution']
    assert list(CONDITIONS['crop side']) == [f'crop side {side}' for side in (
        '0.70', '0.80', '0.90', '0.95', '1.00', '1.05', '1.10', '1.20', '1.30', '1.40')]
    assert list(CONDITIONS['centre'])[-4:] == [f'centre {move} x and y' for move in (
        '-0.15', '-0.08', '+0.08', '+0.15')]
    assert list(CONDITIONS['rotation']) == ['rotation -15 degrees', 'rotation +15 degrees']
    assert len(NAMES) == 31


def test_goals():
    assert [len(names) for names in GOALS.values()] == [6, 6]
    assert all(name in NAMES for names in GOALS.values() for name in names)


def test_identity(noise):
    assert np.array_equal(crop(noise, 1.0), noise)
    assert np.array_equal(rotate(noise, 0), noise)
    assert np.array_equal(brighten(noise, 1), noise)
    assert np.array_equal(coarsen(noise, 48), noise)


@pytest.mark.parametrize(('x', 'y'), [(5, 0), (0, -7), (3, 2)])
def test_whole_pixels(noise, x, y):
    """The centre of the crop moves right by x and down by y, so that the content moves left and up."""
    moved = crop(noise, x=x / 48, y=y / 48)
    assert np.array_equal(moved[:, 7:-7, 7:-7], np.roll(noise, (-y, -x), axis=(1, 2))[:, 7:-7, 7:-7])
    pad = np.pad(noise, ((0, 0), (7, 7), (7, 7)), mode='edge')
    assert np.array_equal(moved, pad[:, 7 + y:55 + y, 7 + x:55 + x])


def test_half_a_pixel(noise):
    wide = noise.astype(int)
    expected = (wide[:, :, :-1] + wide[:, :, 1:]) / 2
    assert np.abs(crop(noise, x=0.5 / 48)[:, :, :-1] - expected).max() <= 0.5


def test_wide_crop_averages_areas(noise):
    """By one and a half as OpenCV; by two the mean of 2 x 2 pixels."""
    for face, changed in zip(noise, crop(noise, 1.5)):
        expected = cv2.resize(padded(face, 12), (48, 48), interpolation=cv2.INTER_AREA)
        assert difference(changed, expected).max() <= 1
    means = noise.reshape(3, 24, 2, 24, 2).mean((2, 4))
    assert np.abs(crop(noise, 2.0)[:, 12:36, 12:36] - means).max() <= 0.5


def test_wide_crop_of_a_fraction_of_a_pixel():
    """The side of 48 * 1.05 px keeps a ramp a ramp, 1.05 times as steep."""
    ramp = np.broadcast_to(np.arange(48, dtype=np.uint8) * 5, (1, 48, 48))
    values = crop(ramp, 1.05)[0, 20, 2:-2].astype(float)
    assert np.abs(np.diff(values).mean() - 1.05 * 5) < 0.02
    assert abs(values.mean() - ramp[0, 0].mean()) < 0.5


@pytest.mark.parametrize('side', [0.7, 0.9, 0.95])
def test_tight_crop_is_pillows(noise, side):
    margin = 48 * (1 - side) / 2
    for face, changed in zip(noise, crop(noise, side)):
        image = Image.fromarray(padded(face, 2))
        box = (2 + margin, 2 + margin, 50 - margin, 50 - margin)
        expected = np.array(image.resize((48, 48), Image.Resampling.BILINEAR, box=box))
        assert difference(changed, expected)[2:-2, 2:-2].max() <= 1  # Pillow reads nothing outside of the box


@pytest.mark.parametrize('side', [0.5, 1.05, 2.0])
def test_constant_face(side):
    face = np.full((1, 48, 48), 77, np.uint8)
    assert (crop(face, side, 0.3, -0.3) == 77).all()


def test_constant_border_is_repeated():
    """Far outside, each row has the value of its border pixel."""
    face = np.random.default_rng(0).integers(0, 256, (1, 48, 48), np.uint8)
    assert np.array_equal(crop(face, x=2.0), np.repeat(face[:, :, -1:], 48, axis=2))


@pytest.mark.parametrize('side', [0, -1.0, float('nan')])
def test_bad_side(noise, side):
    with pytest.raises(ValueError, match=f'side must be positive, got {side}'):
        crop(noise, side)


def test_quarter_turn(noise):
    """Counter-clockwise, as np.rot90."""
    assert difference(rotate(noise, 90), np.rot90(noise, axes=(1, 2))).max() <= 1


def test_there_and_back(faces):
    back = rotate(rotate(faces, 15), -15)[:, 12:36, 12:36]
    assert difference(back, blur(faces, 0.6)[:, 12:36, 12:36]).mean() < 5
    assert difference(rotate(faces, 15)[:, 12:36, 12:36], faces[:, 12:36, 12:36]).mean() > 10


@pytest.mark.parametrize(('factor', 'expected'), [(0.6, [0, 60, 153]), (1.4, [0, 140, 255])])
def test_brightness(factor, expected):
    face = np.array([[[0, 100, 255]]], np.uint8)
    assert brighten(face, factor).tolist() == [[expected]]


@pytest.mark.parametrize('sigma', [1, 2])
def test_blur_of_a_point(sigma):
    """Sum kept, variance sigma squared along each axis."""
    face = np.zeros((1, 49, 49), np.uint8)
    face[0, 22:27, 22:27] = 255  # a square of 25 pixels: variance (25 - 1) / 12 = 2
    blurred = blur(face, sigma)[0].astype(float)
    assert blurred.sum() == pytest.approx(25 * 255, rel=0.02)
    positions = np.arange(49) - 24
    assert blurred.sum(0) @ positions**2 / blurred.sum() == pytest.approx(2 + sigma**2, rel=0.05)


def test_jpeg(faces):
    """Stronger compression, larger error."""
    losses = [difference(compress(faces, quality), faces).mean() for quality in (95, 30, 10)]
    assert 0 < losses[0] < losses[1] < losses[2] < 30


def test_24_pixels(faces):
    coarse = coarsen(faces, 24)
    assert np.abs(coarse.mean((1, 2)) - faces.mean((1, 2))).max() < 1
    means = faces.reshape(-1, 24, 2, 24, 2).mean((2, 4))
    for face, mean in zip(coarse, means):
        expected = cv2.resize(np.rint(mean).astype(np.uint8), (48, 48), interpolation=cv2.INTER_LINEAR)
        assert difference(face, expected).max() <= 1


def test_shift_by_whole_pixels(noise):
    moved = shift(noise, x=3, y=-2)
    assert np.array_equal(moved[:, :-2, 3:], noise[:, 2:, :-3])
    assert np.array_equal(moved[:, :-2, :3], np.repeat(noise[:, 2:, :1], 3, axis=2))


def test_curves(noise):
    """Each curve passes through the unchanged face, and a larger scale is a tighter crop."""
    assert {name: [value for value, change in changes.items() if np.array_equal(change(noise), noise)]
            for name, changes in CURVES.items()} == {
        'counter-clockwise rotation in degrees': [0], 'scale': [1.0], 'shift to the right in px': [0],
        'shift down in px': [0]}
    assert np.array_equal(CURVES['scale'][1.25](noise), crop(noise, side=0.8))
    assert np.array_equal(CURVES['shift to the right in px'][-6](noise), shift(noise, x=-6))
    assert np.array_equal(CURVES['shift down in px'][4](noise), shift(noise, y=4))
