"""Functions of MMEngine, MMCV and MMPretrain that fail or give wrong results."""
from __future__ import annotations

import functools
import types

import mmcv
import numpy as np
from mmengine.dataset import BaseDataset
from mmpretrain.models.backbones import convnext
from torch.utils import checkpoint


def shift_hue_down() -> None:
    """Let ``ColorJitter(hue=...)`` shift the hue down as well as up.

    MMCV adds ``np.uint8(hue_factor * 255)`` and relies on a negative number wrapping around the colour circle. NumPy 2
    raises OverflowError instead, for about half of the images.
    """
    original = mmcv.adjust_hue
    try:
        original(np.zeros((1, 1, 3), np.uint8), -0.1, backend='cv2')
        return
    except OverflowError:
        pass

    def adjust_hue(img: np.ndarray, hue_factor: float, backend: str | None = None) -> np.ndarray:
        return original(img, _HueFactor(hue_factor), backend)

    for module in (mmcv, mmcv.image, mmcv.image.photometric):
        module.adjust_hue = adjust_hue


def checkpoint_without_reentry() -> None:
    """Let ``with_cp=True`` of a ConvNeXt recompute its blocks without reentry.

    MMPretrain does not choose. PyTorch then warns at every block that the choice will become mandatory, and takes the
    reentrant variant, which ``torch.autograd.grad`` and some uses of DDP refuse.
    """
    if convnext.cp is checkpoint:
        recompute = functools.partial(checkpoint.checkpoint, use_reentrant=False)
        convnext.cp = types.SimpleNamespace(checkpoint=recompute)


def copy_subsets_afresh() -> None:
    """Let ``get_subset`` of a data set copy its attributes anew at every call.

    MMEngine passes one ``memo`` (a default argument) to all deep copies of the process. Python reuses the id of a
    deleted object, so that the copy of a new object can be the stored copy of a deleted one: for instance, a subset
    with another data set as its pipeline. The memo also keeps every copy in memory.
    """
    original = BaseDataset._copy_without_annotation

    def copy_without_annotation(self: BaseDataset, memo: dict | None = None) -> BaseDataset:
        return original(self, {} if memo is None else memo)

    BaseDataset._copy_without_annotation = copy_without_annotation


class _HueFactor(float):
    """A hue factor whose multiples wrap around the colour circle of 256 steps instead of going below 0."""

    def __mul__(self, other: float) -> int:
        return int(float(self) * other) % 256
