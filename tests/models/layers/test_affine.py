import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import map_coordinates
from torch.autograd import gradcheck

from emonext_mm.models.layers.affine import _grid, affine_warp, build_affine, compose_affine, invert_affine

IDENTITY = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])


def random_theta(n: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return IDENTITY.double() + 0.3 * torch.randn(n, 2, 3, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize('size', [None, (5, 7), (20, 3)])
def test_shape(size):
    out = affine_warp(torch.rand(2, 3, 9, 11), IDENTITY.repeat(2, 1, 1), size)
    assert out.shape == (2, 3, *(size or (9, 11)))


def test_wrong_shapes():
    with pytest.raises(ValueError, match=r'images.*\(3, 9, 9\)'):
        affine_warp(torch.rand(3, 9, 9), IDENTITY)
    with pytest.raises(ValueError, match=r'theta.*\(2, 2, 3\).*\(1, 2, 3\)'):
        affine_warp(torch.rand(2, 3, 9, 9), IDENTITY)


@pytest.mark.parametrize('align_corners', [False, True])
def test_against_scipy(align_corners):
    """Each output pixel has normalised coordinates, which theta maps to input coordinates."""
    height, width, out_h, out_w = 12, 17, 9, 14
    image = torch.rand(1, 1, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    theta = random_theta(1)[0].numpy()

    def normalised(count):
        if align_corners:
            return np.linspace(-1, 1, count)
        return (np.arange(count) + 0.5) / count * 2 - 1

    def pixel(coordinate, count):
        return (coordinate + 1) / 2 * (count - 1) if align_corners else (coordinate + 1) / 2 * count - 0.5

    x, y = np.meshgrid(normalised(out_w), normalised(out_h))
    input_x, input_y = np.tensordot(theta, np.stack([x, y, np.ones_like(x)]), 1)
    # A border of zeros, so that SciPy also interpolates between border pixels and zeros.
    padded = np.pad(image[0, 0].numpy(), 1)
    coordinates = [pixel(input_y, height) + 1, pixel(input_x, width) + 1]
    expected = map_coordinates(padded, coordinates, order=1, mode='constant')
    result = affine_warp(image, torch.from_numpy(theta)[None], (out_h, out_w), align_corners)
    np.testing.assert_allclose(result[0, 0].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('size', [(5, 4), (1, 4), (1, 1)])
def test_grid_equals_that_of_pytorch(size, align_corners):
    theta = random_theta(3)
    expected = F.affine_grid(theta, (3, 1, *size), align_corners=align_corners)
    torch.testing.assert_close(_grid(theta, *size, align_corners), expected)


@pytest.mark.parametrize('align_corners', [False, True])
def test_identity(align_corners):
    images = torch.rand(2, 3, 24, 24)
    torch.testing.assert_close(affine_warp(images, IDENTITY.repeat(2, 1, 1), align_corners=align_corners), images,
                               atol=1e-5, rtol=0)


def test_rotation_by_90_degrees_equals_rot90():
    theta = torch.tensor([[[math.cos(math.pi / 2), -math.sin(math.pi / 2), 0],
                           [math.sin(math.pi / 2), math.cos(math.pi / 2), 0]]])
    image = torch.rand(1, 1, 8, 8)
    torch.testing.assert_close(affine_warp(image, theta), image.rot90(1, (2, 3)), atol=1e-5, rtol=0)


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


def test_border_padding():
    """Outside the image lies the nearest border pixel."""
    image, outside = torch.arange(16.0).view(1, 1, 4, 4), torch.tensor([[[1.0, 0, 0], [0, 1, 10]]])
    assert torch.equal(affine_warp(image, outside, padding_mode='border'), image[:, :, -1:].expand(1, 1, 4, 4))


def views(n=4):
    """Random scales, angles, shifts and mirrors, float64."""
    generator = torch.Generator().manual_seed(5)
    scale, angle, *shift, flip = torch.rand(5, n, generator=generator, dtype=torch.float64)
    return 0.5 + scale, 6 * angle - 3, torch.stack(shift, 1) - 0.5, torch.where(flip < 0.5, -1.0, 1.0).double()


def test_build_equals_a_product_of_homogeneous_matrices():
    for theta, scale, angle, (x, y), mirror in zip(build_affine(*views()), *views()):
        cos, sin = math.cos(angle), math.sin(angle)
        expected = (np.diag([mirror, 1.0, 1.0]) @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
                    @ np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]]))
        np.testing.assert_allclose(theta, expected[:2], atol=1e-12)


def test_compose_equals_a_product_of_homogeneous_matrices():
    one, two = random_theta(3, seed=6), random_theta(3, seed=7)
    bottom = torch.tensor([[[0.0, 0, 1]]]).double().expand(3, 1, 3)
    expected = torch.cat([one, bottom], 1) @ torch.cat([two, bottom], 1)
    torch.testing.assert_close(compose_affine(one, two), expected[:, :2], atol=1e-12, rtol=0)


def test_composition_with_the_identity():
    theta = random_theta(2)
    identity = IDENTITY.double().repeat(2, 1, 1)
    assert torch.equal(compose_affine(theta, identity), theta)
    assert torch.equal(compose_affine(identity, theta), theta)


def test_one_warp_by_the_composed_map_equals_two_warps():
    """On a smooth image, inside the view of the first warp."""
    y, x = torch.meshgrid(torch.arange(200.0), torch.arange(200.0), indexing='ij')
    image = torch.sin(x / 25) * torch.cos(y / 20) + x / 100
    image = image.double().expand(4, 1, -1, -1)
    scale, angle, shift, mirror = views()
    one = build_affine(0.5 * scale, angle, 0.2 * shift, mirror)
    two = build_affine(0.4 * scale, 0.2 * angle, 0.2 * shift, mirror.flip(0))
    once, twice = affine_warp(image, compose_affine(one, two)), affine_warp(affine_warp(image, one), two)
    assert once.std() > 0.1
    torch.testing.assert_close(once, twice, atol=2e-3, rtol=0)


def test_compose_in_float32_under_autocast():
    one, two = random_theta(2, seed=8).float(), random_theta(2, seed=9).float()
    with torch.autocast('cpu', torch.bfloat16):
        composed = compose_affine(one, two)
        assert compose_affine(one.bfloat16(), two.bfloat16()).dtype == torch.float32
    assert torch.equal(composed, compose_affine(one, two))


def test_gradients_of_maps():
    assert gradcheck(build_affine, tuple(value.requires_grad_() for value in views(2)))
    assert gradcheck(compose_affine, (random_theta(2).requires_grad_(), random_theta(2, seed=1).requires_grad_()))


def test_inverse_equals_that_of_the_homogeneous_matrix():
    theta = random_theta(5)
    last_row = torch.tensor([[[0.0, 0, 1]]], dtype=torch.float64).repeat(5, 1, 1)
    expected = np.linalg.inv(torch.cat([theta, last_row], 1).numpy())[:, :2]
    np.testing.assert_allclose(invert_affine(theta).numpy(), expected, atol=1e-12)


@pytest.mark.parametrize('align_corners', [False, True])
def test_inverse_restores_an_image(align_corners):
    """Except for the blur of two interpolations."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 48), indexing='ij')
    image = torch.exp(-8 * ((x - 0.2) ** 2 + (y + 0.1) ** 2))[None, None]
    theta = torch.tensor([[[0.9, 0.3, 0.1], [-0.2, 1.1, -0.1]]])
    warped = affine_warp(image, theta, align_corners=align_corners)
    restored = affine_warp(warped, invert_affine(theta), align_corners=align_corners)
    assert (warped - image).abs().max() > 0.3
    torch.testing.assert_close(restored, image, atol=0.02, rtol=0)


def test_inverse_in_float32_under_autocast():
    theta = random_theta(2).float()
    with torch.autocast('cpu', torch.bfloat16):
        inverse = invert_affine(theta)
        assert invert_affine(theta.bfloat16()).dtype == torch.float32
    assert torch.equal(inverse, invert_affine(theta))


def test_no_inverse():
    flat = torch.tensor([[[1.0, 2, 0], [2, 4, 0]]])
    with pytest.raises(ValueError, match=r'theta 1.*\[\[1\.0, 2\.0, 0\.0\], \[2\.0, 4\.0, 0\.0\]\]'):
        invert_affine(torch.cat([IDENTITY, flat]))
