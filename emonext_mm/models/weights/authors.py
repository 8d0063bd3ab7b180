"""The checkpoints of EmoNeXt's authors, in our names.

What https://github.com/yelboudouri/EmoNeXt (``models.py`` and ``train.py``, commit ce77dc1) saves. Its classes are
image folders, so in alphabetical order; ours are FER2013's. Its attention projects a value whose product it drops;
here there is none.
"""
from __future__ import annotations

from collections import OrderedDict

from mmpretrain.models import ConvNeXt, ImageClassifier
from torch import Tensor

from emonext_mm.emotions import CLASSES
from emonext_mm.models.weights.convnext import SOURCES, misfits, rename, size_of

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


def from_released(checkpoint: dict) -> tuple[OrderedDict[str, Tensor], str, str]:
    """Convert a training file of theirs, the state dict of ema_pytorch's average, or a bare state dict.

    Args:
        checkpoint: what was read from the file. The average in it goes before the raw weights, as in their test.

    Returns:
        The state dict of the model of ``configs/emonext_<size>_fer2013_released.py``, the size, and which weights
        they are: 'EMA', 'raw' or 'unknown'.

    Raises:
        ValueError: they are not those of an EmoNeXt of seven classes; the message says what is wrong.
    """
    weights, which = _choose(checkpoint)
    weights = {str(key): value for key, value in weights.items() if not str(key).startswith('attention.value.')}
    weights = rename(weights, KEYS, "the authors' EmoNeXt")
    for key, value in weights.items():
        if '.se_before.' in key:  # a linear map there, a convolution of 1 x 1 here
            weights[key] = value[..., None, None]
    size = size_of({key.partition('.')[2]: value for key, value in weights.items() if key.startswith('backbone.')})
    if size not in SIZES:
        raise ValueError(f"the authors' EmoNeXt has the sizes {', '.join(SIZES)}, not {size}")
    wrong = misfits(_model(size).state_dict(), weights)
    if wrong:
        raise ValueError(f"these are not the weights of the authors' EmoNeXt-{size} for seven classes: {wrong}")
    order = [sorted(CLASSES).index(name) for name in CLASSES]
    for key in ('head.fc.weight', 'head.fc.bias'):
        weights[key] = weights[key][order]
    return weights, size, which


def _choose(checkpoint: dict) -> tuple[dict[str, Tensor], str]:
    """The weights of their test, or whatever weights there are."""
    for holder in (checkpoint.get('ema'), checkpoint):
        if isinstance(holder, dict):
            average = {key.partition('.')[2]: holder[key] for key in map(str, holder) if key.startswith('ema_model.')}
            if average:
                return average, 'EMA'
    if isinstance(checkpoint.get('model'), dict):
        return checkpoint['model'], 'raw'
    return checkpoint, 'unknown'


def _model(size: str) -> ImageClassifier:
    """That of ``configs/emonext_<size>_fer2013_released.py``."""
    return ImageClassifier(
        data_preprocessor=dict(type='STNDataPreprocessor'),
        backbone=dict(type='EmoNeXt', arch=size, se_after=(), se_before=(1, 2, 3), se_bias=False),
        head=dict(type='SARegClsHead', num_classes=7, in_channels=ConvNeXt.arch_settings[size]['channels'][-1],
                  attention=dict(type='BatchAttentionVariance')))
