"""Functions of MMEngine, MMCV and MMPretrain that fail or give wrong results."""
from __future__ import annotations

import functools
import types

import mmcv
import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.runner import BaseLoop, Runner
from mmengine.runner import checkpoint as weights
from mmpretrain.engine import EMAHook
from mmpretrain.models import MultiTaskHead
from mmpretrain.models.backbones import convnext
from mmpretrain.structures import MultiTaskDataSample
from torch import nn
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


def average_of_new_training() -> None:
    """Let ``load_from`` of a checkpoint with another number of classes start a training with MMPretrain's ``EMAHook``.

    The hook loads the stored average into its own copy of the model, which fails where a shape differs, and then copies
    that to the model, over the weights that only the model was initialised with. Where the average is not one of this
    model, a new training leaves it out: the ``state_dict`` of the checkpoint, which the model loads, holds it too, and
    the first step copies the model to the average. A test and a resumed training load a whole average or fail.
    """
    original = EMAHook.after_load_checkpoint

    def after_load_checkpoint(self: EMAHook, runner: Runner, checkpoint: dict) -> None:
        is_new = isinstance(runner._train_loop, BaseLoop) and not runner._resume
        both = [checkpoint['state_dict'], _averages(checkpoint)]
        if not is_new:  # before the hook exchanges the two
            for stored in both:
                weights.load_state_dict(self.ema_model.module, stored, strict=True)
        if not is_new or 'ema_state_dict' not in checkpoint or all(_fits(self.src_model, each) for each in both):
            original(self, runner, checkpoint)

    EMAHook.after_load_checkpoint = after_load_checkpoint


def _averages(checkpoint: dict) -> dict:
    """The second set of weights of a checkpoint; the first where there is none."""
    stored = checkpoint.get('ema_state_dict')
    if stored is None:
        return checkpoint['state_dict']
    return {key.removeprefix('module.'): value for key, value in stored.items() if key.startswith('module.')}


def _fits(model: nn.Module, stored: dict) -> bool:
    """Whether stored weights have each tensor of a model in its shape."""
    return all(key in stored and stored[key].shape == value.shape for key, value in model.state_dict().items())


def name_missing_tasks() -> None:
    """Let ``MultiTaskHead`` say what it expects, in place of an AssertionError without words, for labels of one task.

    Raises:
        ValueError: from ``loss``: the samples have no tasks.
    """
    original = MultiTaskHead.loss

    def loss(self: MultiTaskHead, feats: tuple, data_samples: list, **kwargs) -> dict:
        for sample in data_samples:
            if not isinstance(sample, MultiTaskDataSample):
                raise ValueError(f'MultiTaskHead needs samples with the tasks {", ".join(self.task_heads)}, got '
                                 f'{type(sample).__name__}: end the pipeline with AsTask and PackMultiTaskInputs')
        return original(self, feats, data_samples, **kwargs)

    MultiTaskHead.loss = loss


class _HueFactor(float):
    """A hue factor whose multiples wrap around the colour circle of 256 steps instead of going below 0."""

    def __mul__(self, other: float) -> int:
        return int(float(self) * other) % 256
