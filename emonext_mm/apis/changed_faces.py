"""Predictions of a trained model for changed faces."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS
from torch import Tensor

from emonext_mm.apis.visualize import TrainedRun
from emonext_mm.compat.config import prepare_test
from emonext_mm.evaluation.robustness import Change
from emonext_mm.utils.command_line import merge_test_options
from emonext_mm.utils.samples import sample_id

BATCH_SIZE = 128


class ChangedFaces:
    """A trained model, and the faces of its test, which pass through the test pipeline after a change.

    Args:
        cfg: config. Its data set has ``images`` (N, H, W), grey: ``FER2013`` or ``SyntheticFER``.
        checkpoint: file.
        options: changes to the config by dotted key.
        folder: of the log.

    Raises:
        ValueError: the data set does not hold its images.
    """

    def __init__(self, cfg: Config, checkpoint: Path, options: dict[str, Any], folder: str) -> None:
        cfg = merge_test_options(cfg, dict(checkpoint=str(checkpoint), work_dir=folder, cfg_options=options))
        _check_dataset(cfg.test_dataloader.dataset.type)
        self._run = TrainedRun(Runner.from_cfg(prepare_test(cfg)))
        self.labels = torch.from_numpy(self._run.dataset.get_gt_labels())
        self.classes = self._run.dataset.metainfo['classes']

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return sum(parameter.numel() for parameter in self._run.model.parameters())

    @torch.no_grad()
    def predict(self, change: Change) -> Tensor:
        """Logits (N, K), before any stored temperature, of the faces after a change.

        Raises:
            FloatingPointError: they are not finite; the message names the first sample.
        """
        faces = change(self._run.dataset.images)
        model, collate = self._run.model.eval(), self._run.runner.test_dataloader.collate_fn
        logits = []
        for start in range(0, len(faces), BATCH_SIZE):
            stop = min(start + BATCH_SIZE, len(faces))
            batch = [self._sample(index, faces[index]) for index in range(start, stop)]
            logits.append(model(**model.data_preprocessor(collate(batch)), mode='tensor').cpu())
        found = torch.cat(logits)
        if not found.isfinite().all():
            index = int((~found.isfinite()).any(1).nonzero()[0])
            raise FloatingPointError(f'the logits of {sample_id(self._run.dataset, index)} are not finite')
        return found

    def _sample(self, index: int, face: np.ndarray) -> dict:
        """A sample after the test pipeline, with ``face`` in place of its image."""
        info = self._run.dataset.get_data_info(index)
        info['img'][:] = face if info['img'].ndim == 2 else face[..., None]
        return self._run.dataset.pipeline(info)

    def accuracy(self, logits: Tensor) -> float:
        """Accuracy of logits (N, K) in %."""
        return 100 * int((logits.argmax(1) == self.labels).sum()) / len(self.labels)


def _check_dataset(kind: str | type) -> None:
    found = DATASETS.get(kind) if isinstance(kind, str) else kind
    if not hasattr(found, 'images'):
        raise ValueError(f'the data set is {kind}, which does not hold its images; FER2013 and SyntheticFER do')
