"""From pictures to emotions with a config and a checkpoint in the place of an exported model."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config

from emonext import Recognizer
from emonext_mm import compat
from emonext_mm.apis.export import load_classifier
from emonext_mm.utils.command_line import read_config
from emonext_mm.utils.options import merge_options
from emonext_mm.utils.work_dir import find_checkpoint

BATCH = 64


class TorchClassifier:
    """A :class:`emonext.classifier.Classifier` in PyTorch, in float32.

    Args:
        config: file, or config. Its test pipeline tells the side of the faces and the part of the face that they show.
        checkpoint: file, or the work dir of a training.
        cfg_options: changes to the config by dotted key.
        device: of the model.

    Raises:
        ValueError: a test pipeline, a preprocessor or a head that cannot be exported, see
            :func:`emonext_mm.apis.export.export`.
        OSError: a file cannot be read.
        CheckpointError: the checkpoint was refused.
    """

    def __init__(self, config: str | Path | Config, checkpoint: str | Path, cfg_options: dict[str, Any] | None = None,
                 device: str = 'cpu') -> None:
        compat.setup()
        cfg = read_config(config)
        merge_options(cfg, cfg_options)
        classifier, meta = load_classifier(cfg, find_checkpoint(checkpoint))
        self.classes = tuple(meta['classes'])
        self.size, self.channels, self.crop = (meta[key] for key in ('size', 'channels', 'crop'))
        self._model = classifier.to(device)
        self._device = device

    @torch.inference_mode()
    def __call__(self, faces: np.ndarray) -> np.ndarray:
        """Probabilities (N, K) of faces (N, channels, size, size) uint8.

        Raises:
            ValueError: the faces are of another type.
            FloatingPointError: they are not finite.
        """
        if faces.dtype != np.uint8:
            raise ValueError(f'faces are of type {faces.dtype}, expected uint8')
        parts = [self._model(torch.from_numpy(faces[start:start + BATCH]).to(self._device))[0].cpu()
                 for start in range(0, len(faces), BATCH)]
        found = torch.cat(parts).numpy() if parts else np.empty((0, len(self.classes)), np.float32)
        if not np.isfinite(found).all():
            raise FloatingPointError('the probabilities of a face are not finite')
        return found


def build_recognizer(config: str | Path | Config, checkpoint: str | Path, *, cfg_options: dict[str, Any] | None = None,
                     device: str = 'cpu', **options: Any) -> Recognizer:
    """Build a recogniser of pictures and videos for a config and a checkpoint, with any classes.

    Args:
        config, checkpoint, cfg_options, device: as in :class:`TorchClassifier`.
        **options: as in :class:`emonext.Recognizer`, without ``model``. ``threads`` is of YuNet alone; PyTorch has
            ``torch.set_num_threads``.

    Raises:
        ValueError, OSError, CheckpointError: see :class:`TorchClassifier`.
    """
    return Recognizer(TorchClassifier(config, checkpoint, cfg_options, device), **options)
