import cv2
import mmcv
import numpy as np
import pytest


@pytest.mark.parametrize('factor', [-0.5, -0.1, -0.001, 0.0, 0.1, 0.5])
def test_hue_wraps_around_the_colour_circle(factor):
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV_FULL).astype(int)
    hsv[..., 0] = (hsv[..., 0] + int(factor * 255)) % 256
    expected = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR_FULL)
    np.testing.assert_array_equal(mmcv.adjust_hue(image, factor, 'cv2'), expected)


@pytest.mark.parametrize('module', [mmcv, mmcv.image, mmcv.image.photometric])
def test_hue_is_mended_under_every_name(module):
    assert module.adjust_hue(np.zeros((1, 1, 3), np.uint8), -0.1, 'cv2').shape == (1, 1, 3)
