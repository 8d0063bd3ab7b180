"""Weights of VGGFace2 (Cao et al., 2018) for MMPretrain's ``ResNet`` and ``SEResNet`` of depth 50, ``style='caffe'``.

``init_cfg=dict(type='Pretrained', checkpoint='vggface2://senet50_ft_weight.pkl')`` loads a file of
https://github.com/cydonia999/VGGFace2-pytorch: ``resnet50_ft``, ``senet50_ft``, ``resnet50_scratch``,
``senet50_scratch``. They have to be fetched by hand, and are pickled arrays with the keys of that repository's models
(``models/resnet.py``, ``models/senet.py``), which are MMPretrain's but for those of the SE layers, ``conv4`` and
``conv5``. A state dict with these keys, saved by ``torch.save``, loads too. The classifier of 8,631 people is dropped;
any other missing or unexpected key is an error.

The original nets do not pad before their max-pooling, MMPretrain's do. The weights expect BGR values less (91.4953,
103.8827, 131.0912).
"""
from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

from emonext_mm.models.weights.convnext import check_complete, rename
from emonext_mm.utils.checkpoints import read_checkpoint
from emonext_mm.utils.pickled_arrays import SUFFIXES, read_arrays

KEYS = (
    (r'(layer\d\.\d+\.)conv4\.', r'\1se_layer.conv1.conv.'),
    (r'(layer\d\.\d+\.)conv5\.', r'\1se_layer.conv2.conv.'),
    (r'((?:layer\d\.\d+\.)?(?:conv[123]|bn[123])\.)', r'\1'),
    (r'(layer\d\.\d+\.downsample\.[01]\.)', r'\1'),
)


def load_vggface2(filename: str, map_location: str | None = None) -> OrderedDict[str, Tensor]:
    """Load ``vggface2://FILE`` onto the CPU.

    :func:`emonext_mm.compat.checkpoints.refuse_foreign_weights` checks that they fit the model.

    Raises:
        CheckpointError: the file is unreadable, see :func:`~emonext_mm.utils.pickled_arrays.read_arrays`.
        OSError: there is no such file.
        ValueError: it has keys of another model; the message lists them.
    """
    weights = _read(filename.partition('://')[2])
    try:
        weights = rename({key: value for key, value in weights.items() if not key.startswith('fc.')}, KEYS,
                         "VGGFace2's ResNet-50 or SE-ResNet-50")
    except ValueError as error:
        raise ValueError(f'{filename}: {error}') from None
    for key in [key for key in weights if key.endswith('running_var')]:  # files of 2018 have no counters
        weights.setdefault(key.replace('running_var', 'num_batches_tracked'), torch.tensor(0))
    weights._metadata = OrderedDict({'': dict(check=check_complete)})
    return weights


def _read(path: str) -> dict[str, Tensor]:
    if Path(path).suffix in SUFFIXES:
        return read_arrays(path)
    content = read_checkpoint(path)
    return content.get('state_dict', content)


CheckpointLoader.register_scheme(prefixes='vggface2://', loader=load_vggface2, force=True)
