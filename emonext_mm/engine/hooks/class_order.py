"""Predictions in the order of the data set's classes, by name."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from emonext_mm.emotions import find_order
from emonext_mm.utils.checkpoint_content import stored_classes
from emonext_mm.utils.models import unwrap


class ClassOrderHook(Hook):
    """Compare the class names of a checkpoint with those of the data, and let the model answer in the data's order.

    A test uses the names in the checkpoint, ``meta.dataset_meta``; where there are none, nothing is compared. A
    validation uses those of the training data.

    Raises:
        ValueError: the names are others, or a training is resumed with, or starts from the weights of, another order of
            its classes. A new training may have other classes than the weights from which it starts.
    """

    priority = 'HIGHEST'

    def __init__(self) -> None:
        self.classes: Sequence[str] | None = None  # of the model
        self._handle: RemovableHandle | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        self.classes = stored_classes(checkpoint)
        if runner.cfg.get('resume'):
            self._check_resumed(classes_of(runner.train_dataloader.dataset))

    def before_train(self, runner: Runner) -> None:
        classes = classes_of(runner.train_dataloader.dataset)
        self._check_start(classes)
        self.classes = classes

    def before_val(self, runner: Runner) -> None:
        self._handle = answer_in_order(runner.model, self.classes, classes_of(runner.val_dataloader.dataset))

    def after_val(self, runner: Runner) -> None:
        self.remove()

    def before_test(self, runner: Runner) -> None:
        self.remove()
        if not self.classes:
            print_log('no class names came with the weights: those of the data set are taken for them', 'current',
                      logging.WARNING)
        self._handle = answer_in_order(runner.model, self.classes, classes_of(runner.test_dataloader.dataset))

    def remove(self) -> None:
        """Let the model answer in its own order again."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def _check_resumed(self, classes: Sequence[str] | None) -> None:
        if self.classes and classes and find_order(classes, self.classes) != list(range(len(classes))):
            raise ValueError(f'the training was of the classes {", ".join(self.classes)}, in this order, and cannot be '
                             f'resumed with {", ".join(classes)}')

    def _check_start(self, classes: Sequence[str] | None) -> None:
        """Refuse the loaded weights of the same classes in another order, which the head would mix up."""
        if self.classes and classes and _is_reordered(classes, self.classes):
            raise ValueError(f'load_from is of the classes {", ".join(self.classes)}, the training data of the same in '
                             f'another order, {", ".join(classes)}: set dataset.classes of the data loaders to the '
                             'order of load_from')


def classes_of(dataset: Any) -> Sequence[str] | None:
    """Class names of a data set or a wrapper; None where it has none."""
    return getattr(dataset, 'metainfo', {}).get('classes')


def answer_in_order(model: nn.Module, own: Sequence[str] | None, wanted: Sequence[str] | None
                    ) -> RemovableHandle | None:
    """Let a classifier answer in another order of its classes, until the handle is removed; None if nothing is to do.

    Args:
        model: gives scores (N, K), or samples with ``pred_score`` (K,) and ``pred_label``.
        own: classes of the model, in its order.
        wanted: the same classes in another order.

    Raises:
        ValueError: ``wanted`` are others.
    """
    if not own or not wanted:
        return None
    order = find_order(wanted, own)
    if order == list(range(len(order))):
        return None
    return unwrap(model).register_forward_hook(lambda module, args, output: _arrange(output, order))


def _is_reordered(classes: Sequence[str], others: Sequence[str]) -> bool:
    try:
        return find_order(classes, others) != list(range(len(classes)))
    except ValueError:  # they are others
        return False


def _arrange(output: Any, order: list[int]) -> Any:
    if isinstance(output, Tensor) and output.ndim == 2 and output.shape[1] == len(order):
        return output[:, order]
    for sample in output if isinstance(output, list) else ():
        score = getattr(sample, 'pred_score', None)
        if isinstance(score, Tensor) and len(score) == len(order):
            sample.set_pred_score(score[order]).set_pred_label(score[order].argmax(0, keepdim=True).to(torch.int64))
    return output
