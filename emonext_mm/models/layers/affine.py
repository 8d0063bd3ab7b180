"""Differentiable affine warps of image batches.

Convention (that of PyTorch's ``affine_grid`` and of Spatial Transformer Networks, Jaderberg et al., 2015,
section 3.2): ``theta`` (N, 2, 3) maps *output* coordinates to *input* coordinates, both normalised to
[-1, 1], x first. A theta that scales by 0.5 therefore zooms *in* by two.
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
) -> Tensor:
    """Sample ``images`` along the affine maps ``theta``, bilinearly, with zeros outside.

    Grid and sampling are computed in float32 (float64 for float64 input) even under autocast: a bf16 grid
    cannot tell neighbouring pixels of a 224 px image apart, and an identity warp would be wrong by more
    than half of full scale.

    Args:
        images: (N, C, H, W), any float type.
        theta: (N, 2, 3), output to input coordinates.
        size: (height, width) of the output in pixels; that of the input when None.
        align_corners: whether -1 and 1 are the centres of the border pixels (True) or their outer edges.

    Returns:
        (N, C, height, width), float32 or float64.

    Raises:
        ValueError: if the shapes do not fit.
    """
    if images.ndim != 4:
        raise ValueError(f'images must be (N, C, H, W), got shape {tuple(images.shape)}')
    if theta.shape != (len(images), 2, 3):
        raise ValueError(f'theta must be ({len(images)}, 2, 3), got shape {tuple(theta.shape)}')
    dtype = torch.promote_types(torch.promote_types(images.dtype, theta.dtype), torch.float32)
    height, width = size or images.shape[-2:]
    with torch.autocast(images.device.type, enabled=False):
        grid = F.affine_grid(theta.to(dtype), [len(images), images.shape[1], height, width], align_corners)
        return F.grid_sample(images.to(dtype), grid, align_corners=align_corners)


def build_affine(scale: Tensor, angle: Tensor, shift: Tensor, mirror: Tensor) -> Tensor:
    """The maps of views that are shifted, then scaled, turned and mirrored: ``x_in = M R(angle) (scale x + shift)``.

    Args:
        scale: (N,), the share of the image that a side of the view covers.
        angle: (N,), by which the view is turned in the image, in radians.
        shift: (N, 2), the centre of the view before it is turned, normalised, x first.
        mirror: (N,), -1 for a mirrored view (left and right exchanged), else 1.

    Returns:
        theta (N, 2, 3).
    """
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([mirror * cos, -mirror * sin, sin, cos], 1).view(-1, 2, 2)
    return torch.cat([turn * scale[:, None, None], (turn * shift[:, None]).sum(2, keepdim=True)], 2)


def compose_affine(theta: Tensor, then: Tensor) -> Tensor:
    """The one map (N, 2, 3) of a warp by ``theta`` and, of what that gave, a warp by ``then``.

    float32 (float64 for float64 input) even under autocast, as in :func:`affine_warp`. The pixels of the two warps
    differ from those of the one by what the first interpolation blurs, and where it found zeros beyond its own view.
    """
    dtype = torch.promote_types(torch.promote_types(theta.dtype, then.dtype), torch.float32)
    theta, then = theta.to(dtype), then.to(dtype)
    # No matmul: autocast would take it to bfloat16.
    linear = (theta[:, :, :2, None] * then[:, None]).sum(2)
    return torch.cat([linear[..., :2], linear[..., 2:] + theta[..., 2:]], 2)


def invert_affine(theta: Tensor) -> Tensor:
    """The maps that undo ``theta``: with them, ``affine_warp`` brings what was warped back to where it was.

    Args:
        theta: (N, 2, 3), output to input coordinates.

    Returns:
        (N, 2, 3), input to output coordinates, float32 or float64.

    Raises:
        ValueError: a map has no inverse, because it maps all of the plane to a line or a point.
    """
    theta = theta.to(torch.promote_types(theta.dtype, torch.float32))
    linear, fault = torch.linalg.inv_ex(theta[:, :, :2])
    if fault.any():
        place = int(fault.nonzero()[0])
        raise ValueError(f'theta {place} has no inverse: {theta[place].tolist()}')
    return torch.cat([linear, -(linear * theta[:, None, :, 2]).sum(2, keepdim=True)], 2)  # no matmul, as above
