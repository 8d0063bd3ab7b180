import math

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates
from torch.autograd import gradcheck

from emonext_mm.models.layers.affine import affine_warp

IDENTITY = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])


def random_theta(n: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return IDENTITY.double() + 0.3 * torch.randn(n, 2, 3, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize('size', [None, (5, 7), (20, 3)])
def test_shape(size):
    out = affine_warp(torch.rand(2, 3, 9, 11), IDENTITY.repeat(2, 1, 1), size)
    assert out.shape == (2, 3, *(size or (9, 11)))


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r'images must be \(N, C, H, W\), got shape \(3, 9, 9\)'):
        affine_warp(torch.rand(3, 9, 9), IDENTITY)
    with pytest.raises(ValueError, match=r'theta must be \(2, 2, 3\), got shape \(1, 2, 3\)'):
        affine_warp(torch.rand(2, 3, 9, 9), IDENTITY)


@pytest.mark.parametrize('align_corners', [False, True])
def test_against_scipy(align_corners):
    """Pixel (row, column) of the output sits at a normalised place; theta says where to look it up."""
    height, width, out_h, out_w = 12, 17, 9, 14
    image = torch.rand(1, 1, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    theta = random_theta(1)[0].numpy()

    def normalised(count):
        if align_corners:
            return np.linspace(-1, 1, count)
        return (np.arange(count) + 0.5) / count * 2 - 1

    def pixel(place, count):
        return (place + 1) / 2 * (count - 1) if align_corners else (place + 1) / 2 * count - 0.5

    x, y = np.meshgrid(normalised(out_w), normalised(out_h))
    where_x, where_y = np.tensordot(theta, np.stack([x, y, np.ones_like(x)]), 1)
    # One ring of zeros, so that scipy too fades into the zeros outside within a pixel.
    padded = np.pad(image[0, 0].numpy(), 1)
    coordinates = [pixel(where_y, height) + 1, pixel(where_x, width) + 1]
    expected = map_coordinates(padded, coordinates, order=1, mode='constant')
    result = affine_warp(image, torch.from_numpy(theta)[None], (out_h, out_w), align_corners)
    np.testing.assert_allclose(result[0, 0].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize('align_corners', [False, True])
def test_identity(align_corners):
    images = torch.rand(2, 3, 24, 24)
    torch.testing.assert_close(affine_warp(images, IDENTITY.repeat(2, 1, 1), align_corners=align_corners), images,
                               atol=1e-5, rtol=0)


def test_quarter_turn_is_rot90():
    turn = torch.tensor([[[math.cos(math.pi / 2), -math.sin(math.pi / 2), 0],
                          [math.sin(math.pi / 2), math.cos(math.pi / 2), 0]]])
    image = torch.rand(1, 1, 8, 8)
    torch.testing.assert_close(affine_warp(image, turn), image.rot90(1, (2, 3)), atol=1e-5, rtol=0)


def test_zeros_outside():
    far = torch.tensor([[[1.0, 0, 5], [0, 1, 0]]])
    assert affine_warp(torch.ones(1, 1, 8, 8), far).count_nonzero() == 0


def test_float32_under_autocast():
    images = torch.rand(1, 3, 224, 224)
    with torch.autocast('cpu', torch.bfloat16):
        warped = affine_warp(images.bfloat16().float(), IDENTITY.bfloat16())
    assert warped.dtype == torch.float32
    torch.testing.assert_close(warped, images.bfloat16().float(), atol=1e-4, rtol=0)


def test_gradients():
    images = torch.rand(2, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    theta = random_theta(2, seed=3).requires_grad_()
    assert gradcheck(affine_warp, (images, theta, (4, 5)))
