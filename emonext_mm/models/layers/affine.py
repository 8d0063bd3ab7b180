"""Differentiable affine warps of image batches.

Convention (that of PyTorch's ``affine_grid`` and of Spatial Transformer Networks, Jaderberg et al., 2015,
section 3.2): ``theta`` (N, 2, 3) maps *output* coordinates to *input* coordinates, both normalised to
[-1, 1], x first. A theta that scales by 0.5 therefore magnifies the image by two.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def affine_warp(
    images: Tensor,
    theta: Tensor,
    size: tuple[int, int] | None = None,
    align_corners: bool = False,
    padding_mode: str = 'zeros',
) -> Tensor:
    """Warp ``images`` by the affine maps ``theta``, with bilinear sampling.

    Grid and samples are computed in float32 (float64 for float64 input) even under autocast: a bfloat16 grid
    cannot tell neighbouring pixels of a 224 px image apart, and the identity warp would be wrong by up to 0.59 of
    the value range.

    Args:
        images: (N, C, H, W), any floating-point type.
        theta: (N, 2, 3), output to input coordinates.
        size: (height, width) of the output in pixels; None for the size of the input.
        align_corners: True if -1 and 1 are the centres of the border pixels, False if their outer edges.
        padding_mode: values outside the image: 'zeros', 'border' or 'reflection', as in PyTorch's ``grid_sample``.

    Returns:
        (N, C, height, width), float32 or float64.

    Raises:
        ValueError: a shape is wrong.
    """
    if images.ndim != 4:
        raise ValueError(f'images must be (N, C, H, W), got shape {tuple(images.shape)}')
    count = images.shape[0]  # not len(images), an int that fixes the batch size of an exported graph
    if theta.shape != (count, 2, 3):
        raise ValueError(f'theta must be ({count}, 2, 3), got shape {tuple(theta.shape)}')
    dtype = torch.promote_types(torch.promote_types(images.dtype, theta.dtype), torch.float32)
    height, width = size or images.shape[-2:]
    with torch.autocast(images.device.type, enabled=False):
        grid = _grid(theta.to(dtype), height, width, align_corners)
        return F.grid_sample(images.to(dtype), grid, padding_mode=padding_mode, align_corners=align_corners)


def _grid(theta: Tensor, height: int, width: int, align_corners: bool) -> Tensor:
    """``F.affine_grid`` (N, height, width, 2) as a sum, three times as fast as its matmul, exported with any size."""
    y, x = (_centres(size, align_corners, theta) for size in (height, width))
    along_x, along_y, shift = theta[:, None, None].unbind(-1)  # each (N, 1, 1, 2)
    return x[:, None] * along_x + (y[:, None, None] * along_y + shift)


def _centres(size: int, align_corners: bool, like: Tensor) -> Tensor:
    """Normalised coordinates of the pixels along one side; a single pixel is at 0."""
    first = 1 if align_corners and size > 1 else 1 - 1 / size
    return first * torch.linspace(-1, 1, size, dtype=like.dtype, device=like.device)


def build_affine(scale: Tensor, angle: Tensor, shift: Tensor, mirror: Tensor) -> Tensor:
    """Affine maps of scaled, shifted, rotated and mirrored views: ``x_in = M R(angle) (scale * x_out + shift)``.

    Args:
        scale: (N,), side of the view divided by the side of the image.
        angle: (N,), rotation of the view, in radians.
        shift: (N, 2), centre of the view before rotation, in normalised coordinates, x first.
        mirror: (N,), -1 for a horizontally mirrored view, else 1.

    Returns:
        theta (N, 2, 3).
    """
    cos, sin = angle.cos(), angle.sin()
    rotation = torch.stack([mirror * cos, -mirror * sin, sin, cos], 1).view(-1, 2, 2)
    return torch.cat([rotation * scale[:, None, None], (rotation * shift[:, None]).sum(2, keepdim=True)], 2)


def compose_affine(theta: Tensor, then: Tensor) -> Tensor:
    """Compose two maps: the single map (N, 2, 3) of a warp by ``theta`` followed by a warp by ``then``.

    Computed in float32 (float64 for float64 input) even under autocast, as in :func:`affine_warp`. One warp by the
    composed map is sharper than two warps, and also reaches image content outside the first view.
    """
    dtype = torch.promote_types(torch.promote_types(theta.dtype, then.dtype), torch.float32)
    theta, then = theta.to(dtype), then.to(dtype)
    # No matmul: autocast would compute it in bfloat16.
    linear = (theta[:, :, :2, None] * then[:, None]).sum(2)
    return torch.cat([linear[..., :2], linear[..., 2:] + theta[..., 2:]], 2)


def invert_affine(theta: Tensor) -> Tensor:
    """Invert affine maps. A warp by the inverse undoes the warp by ``theta``.

    Args:
        theta: (N, 2, 3), output to input coordinates.

    Returns:
        (N, 2, 3), input to output coordinates, float32 or float64.

    Raises:
        ValueError: a map has no inverse, since it maps the plane to a line or a point.
    """
    theta = theta.to(torch.promote_types(theta.dtype, torch.float32))
    linear, error = torch.linalg.inv_ex(theta[:, :, :2])
    if error.any():
        index = int(error.nonzero()[0])
        raise ValueError(f'theta {index} has no inverse: {theta[index].tolist()}')
    return torch.cat([linear, -(linear * theta[:, None, :, 2]).sum(2, keepdim=True)], 2)  # no matmul, as above
