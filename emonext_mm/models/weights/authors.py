"""Conversion of the checkpoints of EmoNeXt's authors.

Source: https://github.com/yelboudouri/EmoNeXt (``models.py`` and ``train.py``, commit ce77dc1). The authors'
classes are image folders in alphabetical order; they are put into FER2013's order. The value projection of the authors'
attention, whose result is not used, is left out.
"""
from __future__ import annotations

from collections import OrderedDict

from mmpretrain.models import ConvNeXt, ImageClassifier
from torch import Tensor

from emonext_mm.emotions import CLASSES
from emonext_mm.models.weights.convnext import SOURCES, rename, size_of
from emonext_mm.utils.checkpoint_content import describe_misfit

SIZES = ('tiny', 'small', 'base', 'large', 'xlarge')
KEYS = (
    (r'localization\.', r'data_preprocessor.localization.features.'),
    (r'fc_loc\.', r'data_preprocessor.localization.regressor.'),
    (r'downsample_layers\.(\d)\.2\.fc\.0\.', r'backbone.se_before.\1.conv1.conv.'),
    (r'downsample_layers\.(\d)\.2\.fc\.2\.', r'backbone.se_before.\1.conv2.conv.'),
    *((key, f'backbone.{name}') for key, name in SOURCES['facebook'].keys),
    (r'attention\.(norm|query|key)\.', r'head.attention.\1.'),
    (r'head\.', r'head.fc.'),
)


def from_authors(checkpoint: dict) -> tuple[OrderedDict[str, Tensor], str, str]:
    """Convert a training checkpoint of the authors' code, a state dict of ema_pytorch, or a bare state dict.

    Args:
        checkpoint: content of the file. If it holds an average (EMA), this is converted, as in the authors' test,
            otherwise the raw weights.

    Returns:
        The state dict of the model of ``configs/emonext_<size>_fer2013_authors.py``; the size; the kind of weights,
        'EMA', 'raw' or 'unknown'.

    Raises:
        ValueError: the weights are not those of an EmoNeXt of seven classes; the message lists the wrong keys.
    """
    weights, kind = _choose(checkpoint)
    weights = {str(key): value for key, value in weights.items() if not str(key).startswith('attention.value.')}
    weights = rename(weights, KEYS, "the authors' EmoNeXt")
    for key, value in weights.items():
        if '.se_before.' in key:  # linear layers there, 1 x 1 convolutions here
            weights[key] = value[..., None, None]
    size = size_of({key.partition('.')[2]: value for key, value in weights.items() if key.startswith('backbone.')})
    if size not in SIZES:
        raise ValueError(f"the authors' EmoNeXt has the sizes {', '.join(SIZES)}, not {size}")
    required = _model(size).state_dict()
    del required['head.temperature']  # ours; 1 where the weights have none
    wrong = describe_misfit(required, weights)
    if wrong:
        raise ValueError(f"these are not the weights of the authors' EmoNeXt-{size} for seven classes: {wrong}")
    order = [sorted(CLASSES).index(name) for name in CLASSES]
    for key in ('head.fc.weight', 'head.fc.bias'):
        weights[key] = weights[key][order]
    return weights, size, kind


def _choose(checkpoint: dict) -> tuple[dict[str, Tensor], str]:
    """The average in a checkpoint if there is one, otherwise its raw weights; and their kind."""
    for holder in (checkpoint.get('ema'), checkpoint):
        if isinstance(holder, dict):
            average = {key.partition('.')[2]: holder[key] for key in map(str, holder) if key.startswith('ema_model.')}
            if average:
                return average, 'EMA'
    if isinstance(checkpoint.get('model'), dict):
        return checkpoint['model'], 'raw'
    return checkpoint, 'unknown'


def _model(size: str) -> ImageClassifier:
    """The model of ``configs/emonext_<size>_fer2013_authors.py``."""
    return ImageClassifier(
        data_preprocessor=dict(type='STNDataPreprocessor'),
        backbone=dict(type='EmoNeXt', arch=size, se_after=(), se_before=(1, 2, 3), se_bias=False),
        head=dict(type='SARegClsHead', num_classes=7, in_channels=ConvNeXt.arch_settings[size]['channels'][-1],
                  attention=dict(type='BatchAttentionVariance')))
