import math
import re

import pytest
import torch

from emonext_mm.models.preprocessors import RandomPhotometry


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def draw(count=2000, size=6):
    return torch.randn(count, 1, size, size)


def test_off_by_default():
    images = draw()
    torch.testing.assert_close(RandomPhotometry()(images), images)


def test_input_is_left_alone():
    images = draw()
    before = images.clone()
    changed = RandomPhotometry(2, 1, 1, 1, 1)(images)
    assert torch.equal(images, before)
    assert changed.shape == images.shape
    assert not torch.equal(changed, images)


def test_contrast_scales_deviations_log_uniformly():
    images = draw()
    changed = RandomPhotometry(contrast=2)(images)
    torch.testing.assert_close(changed.mean((1, 2, 3)), images.mean((1, 2, 3)), atol=1e-5, rtol=0)
    octaves = (changed.std((1, 2, 3)) / images.std((1, 2, 3))).log2()
    assert octaves.min() == pytest.approx(-1, abs=0.01)
    assert octaves.max() == pytest.approx(1, abs=0.01)
    assert octaves.std() == pytest.approx(2 / math.sqrt(12), abs=0.02)


def test_brightness_adds_one_value_to_an_image():
    images = draw()
    added = RandomPhotometry(brightness=0.5)(images) - images
    assert added.std((1, 2, 3)).max() < 1e-5
    values = added.mean((1, 2, 3))
    assert values.min() == pytest.approx(-0.5, abs=0.01)
    assert values.max() == pytest.approx(0.5, abs=0.01)


def test_blur_keeps_the_mean_of_its_neighbourhood():
    """A constant image stays constant, also at its border; a single bright pixel keeps from 1/9 to 1."""
    blur = RandomPhotometry(blur=1)
    torch.testing.assert_close(blur(torch.ones(4, 1, 5, 5)), torch.ones(4, 1, 5, 5))
    image = torch.zeros(2000, 1, 5, 5)
    image[:, :, 2, 2] = 1
    changed = blur(image)
    torch.testing.assert_close(changed.sum((1, 2, 3)), torch.ones(2000))
    assert changed[:, 0, 2, 2].min() == pytest.approx(1 / 9, abs=0.01)
    assert changed[:, 0, 2, 2].max() == pytest.approx(1, abs=0.01)


def test_noise_has_a_random_deviation():
    deviation = (RandomPhotometry(noise=0.4)(torch.zeros(500, 1, 40, 40))).std((1, 2, 3))
    assert deviation.min() < 0.02
    assert deviation.max() == pytest.approx(0.4, abs=0.03)
    assert deviation.mean() == pytest.approx(0.2, abs=0.02)


def test_erased_rectangles():
    """One rectangle of 0 with sides of 20 to 50 % at most, in the given share of the images, for all channels."""
    images = torch.ones(2000, 2, 20, 20)
    erased = RandomPhotometry(erase=0.25)(images) == 0
    assert torch.equal(erased[:, 0], erased[:, 1])
    hit = erased[:, 0].flatten(1).any(1)
    assert hit.float().mean() == pytest.approx(0.25, abs=0.03)
    for mask in erased[hit, 0]:
        rows, columns = mask.any(1), mask.any(0)
        assert torch.equal(mask, rows[:, None] & columns)
        for side in (rows, columns):
            assert 1 <= side.sum() <= 10
            assert (side.diff().sum() <= 2)


@pytest.mark.parametrize(('name', 'value'), [('contrast', 0.9), ('brightness', -1), ('blur', 1.1), ('noise', -0.1),
                                             ('erase', 2)])
def test_out_of_range(name, value):
    with pytest.raises(ValueError, match=rf'{name}.*{re.escape(repr(value))}'):
        RandomPhotometry(**{name: value})
