"""``timm://`` checkpoints: timm's pretrained ConvNeXt weights for the host's ConvNeXt and EmoNeXt.

``init_cfg=dict(type='Pretrained', checkpoint='timm://convnext_tiny.fb_in22k')`` works in any config once
``emonext_mm`` is imported. timm has the pure ImageNet-22k weights of all five sizes, which the host's model
zoo lacks for tiny and small; it downloads, caches and reads safetensors itself.
"""
from __future__ import annotations

import re

from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

# timm's names -> the host's, in the order in which they are tried.
_KEYS = tuple((re.compile(pattern), name) for pattern, name in (
    (r'stem\.(\d)\.', r'downsample_layers.0.\1.'),
    (r'stages\.(\d)\.downsample\.', r'downsample_layers.\1.'),
    (r'stages\.(\d)\.blocks\.(\d+)\.conv_dw\.', r'stages.\1.\2.depthwise_conv.'),
    (r'stages\.(\d)\.blocks\.(\d+)\.mlp\.fc([12])\.', r'stages.\1.\2.pointwise_conv\3.'),
    (r'stages\.(\d)\.blocks\.(\d+)\.(norm\.|gamma$)', r'stages.\1.\2.\3'),
    (r'head\.norm\.', r'norm3.'),
))


def from_timm(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the backbone keys of a timm ConvNeXt to those of the host's; the classifier is left out.

    Raises:
        ValueError: for a key that is not a ConvNeXt's.
    """
    return {_rename(key): value for key, value in state_dict.items() if not key.startswith('head.fc.')}


def _rename(key: str) -> str:
    for pattern, name in _KEYS:
        if pattern.match(key):
            return pattern.sub(name, key, count=1)
    raise ValueError(f'{key} is not a key of a timm ConvNeXt')


@CheckpointLoader.register_scheme(prefixes='timm://', force=True)
def load_timm(filename: str, map_location: str | None = None) -> dict[str, Tensor]:
    """Loader of ``timm://<model name>[.<tag>]``; weights land on the CPU and are copied from there.

    Raises:
        ImportError: without timm.
        ConnectionError: when the weights are neither cached nor to be had.
        ValueError: for a name timm does not know or a model that is not a ConvNeXt.
    """
    try:
        import timm
    except ImportError as error:
        raise ImportError(f'{filename} needs timm: pip install timm') from error
    name = filename[len('timm://'):]
    if not timm.is_model_pretrained(name):
        raise ValueError(f'{filename}: timm has no pretrained weights of that name')
    try:
        model = timm.create_model(name, pretrained=True, num_classes=0)
    except (OSError, RuntimeError) as error:
        raise ConnectionError(
            f'{filename} cannot be had ({type(error).__name__}). Either give a file, '
            '--cfg-options model.backbone.init_cfg.checkpoint=FILE, or train from scratch, '
            '--cfg-options model.backbone.init_cfg=None') from error
    return from_timm(model.state_dict())
