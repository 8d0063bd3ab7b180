"""Pretrained weights of timm for MMPretrain's ``TIMMBackbone``.

``init_cfg=dict(type='Pretrained', checkpoint='timm_backbone://legacy_xception.tf_in1k')`` loads them when the weights
are initialised, while ``TIMMBackbone(pretrained=True)`` would download them for each test of a trained checkpoint too.
Also ``timm_backbone://FILE`` with timm's keys. The classifier is dropped. Any other missing or unexpected key is an
error.
"""
from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path

from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

from emonext_mm.models.weights.convnext import check_complete, download_timm
from emonext_mm.utils.checkpoints import read_checkpoint

CLASSIFIER = re.compile(r'(fc|last_linear|classifier|head)\.')


def load_timm_backbone(filename: str, map_location: str | None = None) -> OrderedDict[str, Tensor]:
    """Load ``timm_backbone://<model name>[.<tag>]`` or ``timm_backbone://FILE`` onto the CPU.

    :func:`emonext_mm.compat.checkpoints.refuse_unfit_weights` checks that they fit the model.

    Raises:
        CheckpointError: the file is unreadable.
        ImportError, ConnectionError, ValueError: see :func:`~emonext_mm.models.weights.convnext.download_timm`.
    """
    name = filename.partition('://')[2]
    found = read_checkpoint(name) if Path(name).is_file() else download_timm(filename)
    weights = OrderedDict((f'timm_model.{key}', value) for key, value in found.items() if not CLASSIFIER.match(key))
    weights._metadata = OrderedDict({'': dict(check=check_complete)})
    return weights


CheckpointLoader.register_scheme(prefixes='timm_backbone://', loader=load_timm_backbone, force=True)
